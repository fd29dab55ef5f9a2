"""An estimate to look at while the quantisers of a sweep are still being chosen.

Choosing takes as long as dozens of forwards, the sketch of plain min-max ranges as long as eight.
Its cells are not those of the sweep, so it is kept apart, and forgotten once they begin.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.quant.spec import (
    ACTIVATION_SPEC,
    WEIGHT_SPEC,
    FixedPointFormat,
    IntFormat,
    QuantSpec,
)
from analysis.runs.attempt import Attempt
from analysis.runs.jobs import sweep_keywords
from analysis.sensitivity.options import SweepOptions
from analysis.sensitivity.points import Cell, Sensitivities, SweepPoint

if TYPE_CHECKING:
    from analysis.workloads.workload import Workload

FIRST_LOOK = "first look"
"""The phase in which it is made."""


def take_first_look(attempt: Attempt, workload: "Workload", asked: SweepOptions) -> None:
    """Keep a sketch with min-max ranges, unless an earlier attempt did or nothing is chosen.

    Raises:
        CancelledError: the job is to stop.
    """
    run, store = attempt.job_id, attempt.store
    chosen = "best" in (asked.weight_scheme, asked.activation_scheme)
    if not chosen or store.first_look(run) is not None:
        return
    attempt.begin(FIRST_LOOK)
    found = _sketched(attempt, workload, plain(asked))
    if found is not None:
        store.save_first_look(run, found)


def plain(asked: SweepOptions) -> SweepOptions:
    """The same tensors and widths by one sketch, at plain ranges of the first family of each."""
    return replace(
        asked,
        method="sketch",
        weight_spec=_first_sized(asked.families("weight"), WEIGHT_SPEC),
        activation_spec=_first_sized(asked.families("activation"), ACTIVATION_SPEC),
        weight_scheme="fixed",
        weight_families=(),
        activation_scheme="fixed",
        activation_families=(),
        seconds=None,
        workers=1,
    )


def _first_sized(families: Sequence[QuantSpec], usual: QuantSpec) -> QuantSpec:
    """The first family that comes in any width."""
    sized = (IntFormat, FixedPointFormat)
    return next((base for base in families if isinstance(base.format, sized)), usual)


def _sketched(attempt: Attempt, workload: "Workload", asked: SweepOptions) -> Sensitivities | None:
    """None where the model allows no sketch: whatever takes its place takes too long for a look."""
    from analysis.sensitivity.sweep import sweep

    work = sweep(workload, **sweep_keywords(asked))
    points: dict[Cell, SweepPoint] = {}
    with closing(work.measurements()) as rows:
        for _, point in rows:
            if point.stage != "sketch":
                return None
            attempt.check()
            points[point.cell] = point
    return Sensitivities.assemble(work.setup, points.values(), work.cost)
