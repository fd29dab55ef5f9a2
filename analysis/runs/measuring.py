"""The long part of a sweep job: unit by unit into the store, on from where it was left."""

import time
from typing import TYPE_CHECKING

from analysis.allocation.decided import DecisionWatch
from analysis.errors import RunError
from analysis.runs.attempt import Attempt
from analysis.runs.jobs import sweep_keywords
from analysis.runs.records import SweepOptions
from analysis.sensitivity.points import Sensitivities, SweepCost, SweepSetup

if TYPE_CHECKING:
    from analysis.sensitivity.sweep import Sweep
    from analysis.workloads.workload import Workload

_SETTLED = "The sweep ended early: more samples no longer changed the recipes at three budgets."

COST_SECONDS = 2.0
"""How often the cost of a running sweep is written."""


def measure(attempt: Attempt, workload: "Workload", options: SweepOptions) -> Sensitivities:
    """Measure what is missing; each unit is in the store before the next begins.

    Raises:
        RunError: the workload changed since an earlier attempt began.
        CancelledError: the job is to stop.
    """
    from analysis.sensitivity.interactions import interactions_of
    from analysis.sensitivity.reliability import reliability_of
    from analysis.sensitivity.sweep import sweep

    fresh = sweep(workload, **sweep_keywords(options))
    run, store = attempt.job_id, attempt.store
    stored = store.setup(run)
    if stored is None:
        store.save_setup(run, fresh.setup)
    else:
        _check_same(stored, fresh.setup)
    _consume(attempt, fresh, until_settled=options.until_settled)
    rows = store.samples(run)
    store.save_judgement(run, reliability_of(fresh.setup, rows), tuple(fresh.notes))
    known = interactions_of(fresh.setup.cells, rows)
    if known is not None:
        store.save_interactions(run, known)
    return store.sensitivities(run)


def _consume(attempt: Attempt, fresh: "Sweep", *, until_settled: bool) -> None:
    """Take the units one by one and keep each before the next begins; progress is told in cells."""
    run, store, cells = attempt.job_id, attempt.store, len(fresh.setup.cells)
    spent = store.sensitivities(run).cost
    attempt.expect(cells, done=store.job(run).done)
    rest, written = fresh.resumed(store.samples(run)), time.monotonic()
    fresh.notes = rest.notes
    watch, unit = DecisionWatch() if until_settled else None, None
    for chunk, point in rest.measurements():
        ended = unit is not None and unit != (chunk.stage, chunk.start)
        if watch and ended and chunk.stage != "sketch" and watch.settled(store.sensitivities(run)):
            rest.notes.append(_SETTLED)
            break
        unit = (chunk.stage, chunk.start)
        attempt.keep(chunk, point)
        if time.monotonic() - written > COST_SECONDS:
            store.save_cost(run, _added(spent, rest.cost))
            written = time.monotonic()
        attempt.advance(round(rest.fraction * cells, 6))
    if fresh.options.seconds is None and _SETTLED not in rest.notes:
        attempt.advance(cells)  # also where an earlier attempt died after the last unit
    store.save_cost(run, _added(spent, rest.cost))


def _check_same(stored: SweepSetup, fresh: SweepSetup) -> None:
    """Refuse to mix the figures of two models or two sets of data."""
    for name in ("fingerprint", "cells", "samples"):
        if getattr(stored, name) != getattr(fresh, name):
            raise RunError(
                f"The workload must stay the same during a run, and its {name} changed since this "
                "run began; start a new sweep, the points of this one are kept."
            )


def _added(before: SweepCost, now: SweepCost) -> SweepCost:
    return SweepCost(
        before.forwards + now.forwards,
        before.seconds + now.seconds,
        max(before.peak_rss_bytes, now.peak_rss_bytes),
    )
