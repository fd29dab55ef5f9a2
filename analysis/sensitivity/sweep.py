"""A sweep: an iterator of running estimates, resumable from what was measured before."""

import resource
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Unpack, assert_never

from analysis.errors import ModelError
from analysis.sensitivity.choose_spec import SpecChooser
from analysis.sensitivity.draw import draw_samples, draw_size
from analysis.sensitivity.exact import ExactStage, chunk_size
from analysis.sensitivity.float_run import FloatRun, run_float
from analysis.sensitivity.gathered import Gathered
from analysis.sensitivity.options import SweepKeywords, SweepOptions
from analysis.sensitivity.points import (
    Cell,
    CellSamples,
    Method,
    Stage,
    SweepCost,
    SweepPoint,
    SweepSetup,
)
from analysis.sensitivity.sketch import SketchStage, sketch_size
from analysis.sensitivity.stage import SweepStage
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.calibration import Ranges, calibrate
from analysis.simulate.evidence import unseen
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload


def stages_of(method: Method) -> tuple[Stage, ...]:
    """The stages a method goes through."""
    match method:
        case "anytime":
            return ("sketch", "sampled", "exact")
        case "sketch" | "sampled" | "exact":
            return (method,)
    assert_never(method)


@dataclass(slots=True, eq=False)
class Sweep:
    """An iterator of points; each new point of a cell replaces its earlier one.

    Attributes:
        setup: known before the first point.
        done: raw figures of an interrupted run; what they hold is not measured again.
        spent: what choosing the specs took before.
        notes: what the user should know, such as a stage that this model does not allow.
    """

    subject: Subject
    options: SweepOptions
    setup: SweepSetup
    found: FloatRun
    done: Sequence[CellSamples] = ()
    spent: SweepCost | None = None
    notes: list[str] = field(default_factory=list, init=False)
    fraction: float = field(default=0.0, init=False)
    _stages: list[SweepStage] = field(default_factory=list, init=False)
    _began: float = field(default_factory=time.perf_counter, init=False)

    def __iter__(self) -> Iterator[SweepPoint]:
        for _, point in self.measurements():
            yield point

    @property
    def cost(self) -> SweepCost:
        """What it took so far."""
        forwards = 1.0 + sum(stage.forwards for stage in self._stages)
        return _cost(forwards, self._began, self.spent)

    @property
    def full_forward(self) -> tuple[str, ...]:
        """Layers whose replay could not be proven equal; they ran the whole net."""
        exact = (stage for stage in self._stages if isinstance(stage, ExactStage))
        return tuple(sorted({name for stage in exact for name in stage.full_forward}))

    def resumed(self, done: Sequence[CellSamples]) -> "Sweep":
        """The same sweep, without measuring again what an interrupted run had measured."""
        return Sweep(self.subject, self.options, self.setup, self.found, done, self.spent)

    def measurements(self) -> Iterator[tuple[CellSamples, SweepPoint]]:
        """What was newly measured, with the point as it now stands.

        `fraction` tells how much of the planned work is done. When the time budget is spent, the
        iterator ends between two units; what is missing can be resumed.
        """
        self._stages = self._plan()
        totals = {stage.name: stage.samples for stage in self._stages}
        gathered = Gathered(self.setup, self.subject.metric, totals)
        for earlier in self.done:
            gathered.add(earlier)
        self.fraction = self._fraction(gathered)
        for stage in self._stages:
            try:
                yield from self._stage(stage, gathered)
            except ModelError as error:
                if stage.name != "sketch" or len(self._stages) == 1:
                    raise
                self.notes.append(str(error))

    def _stage(
        self, stage: SweepStage, gathered: Gathered
    ) -> Iterator[tuple[CellSamples, SweepPoint]]:
        for start in stage.starts:
            missing = gathered.missing(stage, start)
            if not missing or self._out_of_time():
                continue
            for samples in stage.measure(start, missing):
                gathered.add(samples)
                self.fraction = self._fraction(gathered)
                yield samples, gathered.point(samples.cell)

    def _out_of_time(self) -> bool:
        limit = self.options.seconds
        return limit is not None and time.perf_counter() - self._began >= limit

    def _fraction(self, gathered: Gathered) -> float:
        planned = [stage.planned for stage in self._stages]
        done = [gathered.share(stage) for stage in self._stages]
        return sum(p * d for p, d in zip(planned, done, strict=True)) / sum(planned)

    def _plan(self) -> list[SweepStage]:
        made, found, seed = self.subject, self.found, self.options.seed
        ranges: Ranges = {}
        if any(cell.target == "activation" for cell in self.setup.cells):
            ranges = calibrate(made)
        cells: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.setup.cells:
            cells[cell.layer].append(cell)
        weights = WeightCache(made)
        plan: list[SweepStage] = []
        for name in stages_of(self.options.method):
            draw = None
            if name == "sketch":
                draw = draw_samples(found.impurity, sketch_size(found.samples), seed)
                plan.append(
                    SketchStage(
                        made, ranges, found.scale, found.samples, seed, weights, cells, draw
                    )
                )
                continue
            if name == "sampled":
                draw = draw_samples(found.impurity, draw_size(found.samples), seed)
            plan.append(
                ExactStage(made, ranges, found.scale, found.samples, seed, weights, cells, draw)
            )
        return plan


def sweep(workload: Workload, **options: Unpack[SweepKeywords]) -> Sweep:
    """How much the output suffers when only one tensor is quantised, for all tensors and widths.

    Args:
        workload: model, data and metric; the model is left as it was found.
        **options: the fields of `SweepOptions`, such as ``bits=(2, 4, 8), target="both"``.

    Returns:
        An iterator of `SweepPoint`; `Sensitivities.collect` runs it to the end.

    Raises:
        OptionError: an option is outside its range.
        WorkloadError: the model or data cannot be used.
    """
    asked = SweepOptions(**options)  # type: ignore[arg-type]
    made = subject(workload)
    if not asked.cells(made.layers):
        raise ModelError(
            "No layer's input was seen as a float tensor, so no activation can be quantised; "
            "sweep the weights instead."
        )
    found = run_float(made, chunk_size(made.layers))
    chosen, spent = None, None
    if asked.weight_scheme == "best" and asked.target != "activation":
        chooser, began = SpecChooser(made, found, asked.seed), time.perf_counter()
        chosen = chooser.choose(asked.bits, asked.weight_spec)
        spent = _cost(chooser.forwards, began)
    metric = made.metric
    setup = SweepSetup(
        workload=made.name,
        fingerprint=made.fingerprint,
        method=asked.method,
        layers=made.layers,
        other_bytes=made.other_bytes,
        divergence=made.divergence,
        metric=metric.name if metric and found.reference else None,
        direction=metric.direction if metric else "higher",
        reference=found.reference,
        cells=asked.cells(made.layers, chosen),
        samples=found.samples,
    )
    fresh = Sweep(made, asked, setup, found, spent=spent)
    fresh.notes.extend(_unseen_notes(fresh))
    return fresh


def _cost(forwards: float, began: float, before: SweepCost | None = None) -> SweepCost:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return SweepCost(
        forwards=forwards + (before.forwards if before else 0.0),
        seconds=time.perf_counter() - began + (before.seconds if before else 0.0),
        peak_rss_bytes=peak * (1 if sys.platform == "darwin" else 1024),
    )


def _unseen_notes(fresh: Sweep) -> list[str]:
    """That a spec which looks at inputs was asked for where there are none to be seen."""
    asked = {cell.layer for cell in fresh.setup.cells if cell.spec.needs_inputs}
    blind = unseen(fresh.subject, [x for x in fresh.subject.layers if x.name in asked])
    if not blind:
        return []
    names = ", ".join(layer.name for layer in blind[:3]) + (", …" if len(blind) > 3 else "")
    return [
        f"GPTQ and bias correction need the inputs that a weight is multiplied with; those of "
        f"{names} cannot be seen, so these round to nearest and keep their bias."
    ]
