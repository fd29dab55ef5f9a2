"""Bounds and walks over partial recipes, against all combinations."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from analysis.allocation.chain import Chain, look
from analysis.allocation.coupling import Change, Changes, Coupling, Links
from analysis.allocation.exchanges import exchanged
from analysis.allocation.problem import Problem, Row
from tests.analysis.allocation.problems import every, random_problem


def _paid(seed: int, rows: int = 2) -> Problem:
    """Five groups; changes from each to the next count against the first limit."""
    plain = random_problem(seed, rows=rows)
    rng = np.random.default_rng(seed + 1)
    counts = np.diff(plain.starts)
    steps = [
        Change(a, b, rng.integers(0, 3, counts[a]), rng.integers(0, 3, counts[b]), 500.0)
        for a, b in pairwise(range(len(counts)))
    ]
    first = plain.rows[0]
    paid = Row(first.costs, 1.2 * first.limit, Changes(steps, plain.starts))
    return replace(plain, rows=[paid, *plain.rows[1:]])


def _chained(seed: int) -> tuple[Problem, Chain]:
    problem = _paid(seed)
    chain = Chain.of(problem)
    assert chain is not None
    return problem, chain


def _best(problem: Problem) -> float:
    return min((problem.value(p) for p in every(problem) if problem.keeps(p)), default=np.inf)


@pytest.mark.parametrize("seed", range(8))
def test_no_recipe_is_below_the_bound_at_any_prices(seed: int) -> None:
    problem, chain = _chained(seed)
    everything = np.ones((1, len(problem.objective)), bool)
    for price in (0.0, 1e-7, 1e-5, 1e-3):
        assert chain.bounds(np.full(2, price), everything)[0] <= _best(problem) + 1e-12


@pytest.mark.parametrize("seed", range(8))
def test_a_walk_that_leaves_nothing_out_finds_the_optimum_and_proves_it(seed: int) -> None:
    problem, chain = _chained(seed)
    best = _best(problem)
    seen = look(chain, problem.starts, np.full(2, 1e-6), np.inf, 10_000)
    if np.isinf(best):
        assert (seen.picks, seen.bound) == (None, np.inf)
    else:
        assert seen.picks is not None
        assert problem.keeps(seen.picks)
        assert problem.value(seen.picks) == pytest.approx(best)
        assert seen.bound == pytest.approx(best)


@pytest.mark.parametrize("seed", range(8))
def test_a_narrow_walk_says_how_good_its_answer_is(seed: int) -> None:
    problem, chain = _chained(seed)
    best = _best(problem)
    seen = look(chain, problem.starts, np.full(2, 1e-6), np.inf, 2)
    assert seen.bound <= best * (1 + 1e-9)
    assert seen.picks is None or problem.value(seen.picks) >= best * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(8))
def test_exchanges_keep_the_limits_and_never_make_it_worse(seed: int) -> None:
    problem, chain = _chained(seed)
    for picks in [p for p in every(problem) if problem.keeps(p)][:20]:
        found = exchanged(problem, chain, picks, np.zeros(len(problem.objective)))
        assert problem.keeps(found)
        assert problem.value(found) <= problem.value(picks)


def test_linked_groups_and_changes_over_a_group_are_no_chain() -> None:
    problem = random_problem(1)
    labels = np.zeros(len(problem.objective), np.int64)
    linked = Coupling(links=Links(labels, (np.array([0, 2]),)))
    assert Chain.of(replace(problem, coupling=linked)) is None
    counts = np.diff(problem.starts)
    over = Change(0, 2, np.zeros(counts[0]), np.zeros(counts[2]), 1.0)
    far = Coupling(changes=Changes([over], problem.starts))
    assert Chain.of(replace(problem, coupling=far)) is None
