"""The long part of a sweep job: unit by unit into the store, on from where it was left."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from analysis.allocation.decided import DecisionWatch
from analysis.errors import RunError
from analysis.runs.attempt import Attempt
from analysis.runs.first_look import take_first_look
from analysis.runs.jobs import sweep_keywords
from analysis.runs.records import SweepOptions
from analysis.sensitivity.machine import free_bytes
from analysis.sensitivity.options import SweepOptions as Checked
from analysis.sensitivity.points import Sensitivities, SweepSetup

if TYPE_CHECKING:
    from analysis.sensitivity.sweep import Sweep
    from analysis.workloads.workload import Workload

_SETTLED = "The sweep ended early: more samples no longer changed the recipes at three budgets."

QUANTISERS = "choosing quantisers"
"""The phase in which specs are chosen; its units are hundredths."""

COST_SECONDS = 2.0
"""How often the cost of a running sweep is written."""


def measure(attempt: Attempt, workload: "Workload", options: SweepOptions) -> Sensitivities:
    """Measure what is missing; each unit is in the store before the next begins.

    Raises:
        RunError: the workload changed since an earlier attempt began.
        CancelledError: the job is to stop.
    """
    from analysis.sensitivity.footprint import sweep_memory
    from analysis.sensitivity.interactions import interactions_of
    from analysis.sensitivity.reliability import reliability_of
    from analysis.sensitivity.sweep import sweep
    from analysis.workloads.subject import subject

    asked, made = Checked(**sweep_keywords(options)), subject(workload)
    attempt.say(sweep_memory(made, asked).sentence(free_bytes()))
    run, store = attempt.job_id, attempt.store
    stored = store.setup(run)
    done = 0.0 if stored is None else store.job(run).done
    if stored is None:
        take_first_look(attempt, workload, asked)
    fresh = sweep(workload, known=stored, told=_choosing(attempt), **sweep_keywords(options))
    attempt.begin("sweeping")
    if stored is None:
        store.save_setup(run, fresh.setup)
    else:
        _check_same(stored, fresh.setup)
    _consume(attempt, fresh, done, until_settled=options.until_settled)
    rows = store.samples(run)
    store.save_judgement(run, reliability_of(fresh.setup, rows), tuple(fresh.notes))
    known = interactions_of(fresh.setup.cells, rows)
    if known is not None:
        store.save_interactions(run, known)
    return store.sensitivities(run)


def _choosing(attempt: Attempt) -> Callable[[float], None]:
    """Tells in hundredths how far the choice of specs is, and stops it where the job is to stop."""
    begun = False

    def told(share: float) -> None:
        nonlocal begun
        if not begun:
            attempt.begin(QUANTISERS)
            attempt.expect(100)
            begun = True
        attempt.advance(round(100 * share))

    return told


def _consume(attempt: Attempt, fresh: "Sweep", done: float, *, until_settled: bool) -> None:
    """Take the units one by one and keep each before the next begins; progress is told in cells.

    `done` is what an earlier attempt finished, in cells.
    """
    run, store, cells = attempt.job_id, attempt.store, len(fresh.setup.cells)
    spent = store.sensitivities(run).cost
    attempt.expect(cells, done=done)
    rest, written = fresh.resumed(store.samples(run)), time.monotonic()
    fresh.notes = rest.notes
    watch, unit = DecisionWatch() if until_settled else None, None
    with closing(rest.measurements()) as units:  # a cancelled sweep leaves no process
        for chunk, point in units:
            ended = unit is not None and unit != (chunk.stage, chunk.start)
            if (
                watch
                and ended
                and chunk.stage != "sketch"
                and watch.settled(store.sensitivities(run))
            ):
                rest.notes.append(_SETTLED)
                break
            unit = (chunk.stage, chunk.start)
            attempt.keep(chunk, point)
            if time.monotonic() - written > COST_SECONDS:
                store.save_cost(run, spent.then(rest.cost))
                written = time.monotonic()
            attempt.advance(round(rest.fraction * cells, 6))
    if fresh.options.seconds is None and _SETTLED not in rest.notes:
        attempt.advance(cells)  # also where an earlier attempt died after the last unit
    store.save_cost(run, spent.then(rest.cost))


def _check_same(stored: SweepSetup, fresh: SweepSetup) -> None:
    """Refuse to mix the figures of two models or two sets of data."""
    for name in ("fingerprint", "cells", "samples"):
        if getattr(stored, name) != getattr(fresh, name):
            raise RunError(
                f"The workload must stay the same during a run, and its {name} changed since this "
                "run began; start a new sweep, the points of this one are kept."
            )
