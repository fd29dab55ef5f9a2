"""The long part of a sweep job: unit by unit into the store, on from where it was left."""

import time
from typing import TYPE_CHECKING

from analysis.errors import RunError
from analysis.runs.attempt import Attempt
from analysis.runs.records import SweepOptions
from analysis.sensitivity.points import Sensitivities, SweepCost, SweepSetup

if TYPE_CHECKING:
    from analysis.sensitivity.sweep import Sweep
    from analysis.workloads.workload import Workload

COST_SECONDS = 2.0
"""How often the cost of a running sweep is written."""


def measure(attempt: Attempt, workload: "Workload", options: SweepOptions) -> Sensitivities:
    """Measure what is missing; each unit is in the store before the next begins.

    Raises:
        RunError: the workload changed since an earlier attempt began.
        CancelledError: the job is to stop.
    """
    from analysis.sensitivity.sweep import sweep

    fresh = sweep(
        workload,
        bits=options.bits,
        target=options.target,
        method=options.method,
        weight_spec=options.weight_spec,
        activation_spec=options.activation_spec,
    )
    run, store = attempt.job_id, attempt.store
    stored = store.setup(run)
    if stored is None:
        store.save_setup(run, fresh.setup)
    else:
        _check_same(stored, fresh.setup)
    _consume(attempt, fresh)
    return store.sensitivities(run)


def _consume(attempt: Attempt, fresh: "Sweep") -> None:
    """Take the units one by one; a unit is a cell, measured in parts of its samples."""
    run, store, setup = attempt.job_id, attempt.store, fresh.setup
    earlier, spent = store.samples(run), store.sensitivities(run).cost
    measured = sum(len(chunk.divergence) for chunk in earlier)
    attempt.expect(len(setup.cells), done=measured / setup.samples)
    if measured == len(setup.cells) * setup.samples:
        return
    rest, written = fresh.resumed(earlier), time.monotonic()
    for chunk, point in rest.measurements():
        attempt.keep(chunk, point)
        measured += len(chunk.divergence)
        if time.monotonic() - written > COST_SECONDS:
            store.save_cost(run, _added(spent, rest.cost))
            written = time.monotonic()
        attempt.advance(measured / setup.samples)
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
