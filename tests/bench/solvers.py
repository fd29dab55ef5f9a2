"""Solvers on made-up problems of the sizes of issue 4."""

import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from analysis.allocation.coupling import Change, Changes, Coupling, Widths
from analysis.allocation.hull import path
from analysis.allocation.milp import by_milp
from analysis.allocation.problem import Problem
from analysis.allocation.problem import Row as Limit
from analysis.allocation.search import search
from analysis.allocation.surrogates.pairwise import Pairwise
from tests.bench.rows import Row

WIDTHS = np.array([2, 3, 4, 5, 6, 7, 8, 16])
ROUNDS = 5
SEEDS = 3
_DEMANDS = ((4, None, False), (2, 3, False), (4, None, True), (2, 3, True))
"""Limits, most widths, whether changes of width cost bytes: three to five constraints."""


def made_up(groups: int, limits: int, seed: int = 0) -> Problem:
    """Groups of eight widths; sizes and sensitivities spread over orders of magnitude."""
    rng = np.random.default_rng(seed)
    options = len(WIDTHS)
    widths = np.tile(WIDTHS, groups)
    owner = np.repeat(np.arange(groups), options)
    noise = np.exp(rng.normal(0, 0.2, len(widths)))
    objective = np.exp(rng.normal(0, 1.5, groups))[owner] * 4.0**-widths * noise
    starts = np.arange(0, groups * options + 1, options)
    rows = []
    for _ in range(limits):
        costs = np.rint(np.exp(rng.normal(7, 1, groups))[owner] * widths)
        least = np.minimum.reduceat(costs, starts[:-1]).sum()
        most = np.maximum.reduceat(costs, starts[:-1]).sum()
        rows.append(Limit(costs, float(least + 0.25 * (most - least))))
    return Problem(objective, rows, starts)


def demanding(problem: Problem, widths: int | None, *, paid: bool) -> Problem:
    """At most so many widths; changes from group to group that count against the first limit."""
    groups = len(problem.starts) - 1
    first, *others = problem.rows
    if paid:
        same = np.arange(len(WIDTHS))
        cost = 0.3 * float(first.costs.reshape(groups, -1)[:, 1].mean()) / WIDTHS[1]
        steps = [Change(at, at + 1, same, same, cost) for at in range(groups - 1)]
        first = Limit(first.costs, first.limit, Changes(steps, problem.starts))
    most = None if widths is None else Widths(np.tile(WIDTHS, groups), widths)
    coupling = Coupling(widths=most)
    return Problem(problem.objective, [first, *others], problem.starts, coupling)


def coupled(problem: Problem, seed: int = 0) -> Pairwise:
    """Shifts of a few dimensions, so that errors add up and cancel."""
    rng = np.random.default_rng(seed)
    shifts = rng.normal(size=(len(problem.objective), 8)).astype(np.float32)
    lengths = np.sqrt(problem.objective / np.square(shifts).sum(1)).astype(np.float32)
    pairs = (shifts * lengths[:, None]) @ (shifts * lengths[:, None]).T
    for start, end in zip(problem.starts[:-1], problem.starts[1:], strict=True):
        pairs[start:end, start:end] = 0
    return Pairwise(problem.objective, pairs, problem.starts)


def measure() -> list[Row]:
    """CPU milliseconds, medians."""
    return list(_rows())


def _rows() -> Iterator[Row]:
    for groups, required, aim in ((200, 100, 50), (1000, 200, 50)):
        spent = _milliseconds(partial(_frontier, made_up(groups, 1)))
        yield Row(f"solvers: whole frontier, {groups:,} groups", spent, "ms", required, aim)
    for limits, widths, paid in _DEMANDS:
        made = [demanding(made_up(200, limits, seed), widths, paid=paid) for seed in range(SEEDS)]
        spent = max(_milliseconds(partial(by_milp, one), rounds=3) for one in made)
        words = f"{limits} limits{f', {widths} widths' * bool(widths)}{', changes' * paid}"
        name = f"solvers: exact budget, 200 groups, {words}, worst of {SEEDS} seeds"
        yield Row(name, spent, "ms", 500, 200)
    large = made_up(1000, 1)
    start, estimate = by_milp(large), coupled(large)
    assert start is not None
    spent = _milliseconds(lambda: search(large, estimate, [start]), rounds=1)
    yield Row("solvers: local search, 1,000 groups", spent, "ms", 3_000, 1_000)


def _frontier(problem: Problem) -> object:
    return path(problem.rows[0].costs, problem.objective, problem.starts)


def _milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    spent = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - began))
    return statistics.median(spent)
