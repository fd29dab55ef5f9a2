from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.allocation.milp import by_milp
from analysis.allocation.neighbours import Neighbourhood
from analysis.allocation.problem import Problem
from analysis.allocation.search import search
from analysis.allocation.surrogates.additive import Additive
from analysis.allocation.surrogates.pairwise import Pairwise
from tests.analysis.allocation.problems import brute_force, every, one_a_group, random_problem


def coupled(problem: Problem, seed: int) -> Pairwise:
    """A random positive semi-definite form whose diagonal is the problem's objective."""
    rng = np.random.default_rng(seed)
    shifts = rng.normal(size=(len(problem.objective), 3))
    shifts *= np.sqrt(problem.objective / np.square(shifts).sum(1))[:, None]
    pairs = shifts @ shifts.T
    for start, end in zip(problem.starts[:-1], problem.starts[1:], strict=True):
        pairs[start:end, start:end] = 0
    return Pairwise(problem.objective, pairs, problem.starts)


def start_of(problem: Problem) -> np.ndarray:
    picks = by_milp(problem)
    assert picks is not None
    return picks


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), rows=st.integers(1, 3))
def test_small_problems_are_solved_exactly(seed: int, rows: int) -> None:
    problem = random_problem(seed, groups=5, options=4, rows=rows)
    if brute_force(problem) is None:
        return
    surrogate = coupled(problem, seed)
    found = search(problem, surrogate, [start_of(problem)], seed=seed)
    allowed = [picks for picks in every(problem) if problem.keeps(picks)]
    best = min(surrogate.value(picks) for picks in allowed)
    assert one_a_group(problem, found.picks)
    assert problem.keeps(found.picks)
    assert found.value == pytest.approx(surrogate.value(found.picks), rel=1e-9)
    assert found.value <= best * 1.0001


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_additive_optimum_stays(seed: int) -> None:
    problem = random_problem(seed, groups=8)
    start = start_of(problem)
    found = search(problem, Additive(problem.objective, problem.starts), [start], steps=30)
    assert found.value <= problem.objective[start].sum() * (1 + 1e-9)


def test_the_same_seed_gives_the_same_recipe() -> None:
    problem = random_problem(3, groups=40, options=6)
    surrogate = coupled(problem, 3)
    start = start_of(problem)
    first, second = (
        search(problem, coupled(problem, 3), [start], seed=5, steps=100) for _ in range(2)
    )
    assert np.array_equal(first.picks, second.picks)
    assert first.steps == second.steps
    assert surrogate.value(start) >= first.value


def test_a_larger_budget_never_predicts_worse() -> None:
    problem = random_problem(7, groups=12, options=5)
    surrogate = coupled(problem, 7)
    values, start = [], start_of(problem)
    for factor in (1.0, 1.1, 1.3, 1.6):
        rows = [replace(row, limit=row.limit * factor) for row in problem.rows]
        found = search(replace(problem, rows=rows), surrogate, [start], steps=200)
        values.append(found.value)
        start = found.picks
    for tight, wide in pairwise(values):
        assert wide <= tight * (1 + 1e-9)


def test_many_groups_move_at_once() -> None:
    problem = random_problem(1, groups=300, options=8)
    surrogate = coupled(problem, 1)
    start = start_of(problem)
    found = search(problem, surrogate, [start], steps=60, random_starts=0)
    assert problem.keeps(found.picks)
    assert found.value < surrogate.value(start)


def test_moves_keep_the_limits_and_touch_a_group_once() -> None:
    problem = random_problem(11, groups=15, options=5, rows=2)
    picks = start_of(problem)
    near = Neighbourhood.of(problem)
    surrogate = coupled(problem, 11)
    moves = near.moves(picks, surrogate.singles(picks) - surrogate.value(picks))
    assert 0 < len(moves) < 3_000
    for move in moves:
        after = near.moved(picks, move)
        assert one_a_group(problem, after)
        assert problem.keeps(after)
        changed = move[move != picks[near.owner[move]]]
        assert len(set(near.owner[changed].tolist())) == len(changed) > 0
