import numpy as np
import pytest

from analysis.allocation.hull import path
from tests.analysis.allocation.problems import every, random_problem

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_point_of_the_walk_is_optimal_for_some_price(seed: int) -> None:
    problem = random_problem(seed)
    cost, objective = problem.rows[0].costs, problem.objective
    walk = path(cost, objective, problem.starts)
    costs = np.array([cost[picks].sum() for picks in every(problem)])
    values = np.array([objective[picks].sum() for picks in every(problem)])
    for steps in range(len(walk.groups) + 1):
        picks = walk.picks(steps)
        here = cost[picks].sum(), objective[picks].sum()
        others = costs != here[0]
        slopes = (values[others] - here[1]) / (costs[others] - here[0])
        cheaper = costs[others] < here[0]
        # The points on either side leave room for a price: no line to a cheaper recipe is flatter
        # than one to a dearer recipe is steep.
        upper = slopes[cheaper].max(initial=-np.inf)
        lower = min(slopes[~cheaper].min(initial=np.inf), 0.0)
        assert upper <= lower * (1 - 1e-12) + 1e-15


@pytest.mark.parametrize("seed", SEEDS)
def test_the_walk_finds_the_optimum_of_every_price(seed: int) -> None:
    problem = random_problem(seed)
    cost, objective = problem.rows[0].costs, problem.objective
    walk = path(cost, objective, problem.starts)
    points = [walk.picks(steps) for steps in range(len(walk.groups) + 1)]
    for price in 10.0 ** np.linspace(-9, 1, 40):
        best = min((objective + price * cost)[picks].sum() for picks in every(problem))
        found = min((objective + price * cost)[picks].sum() for picks in points)
        assert found == pytest.approx(best, rel=1e-12)


def test_totals_are_the_sums_of_the_picks() -> None:
    problem = random_problem(3, groups=8, options=6)
    walk = path(problem.rows[0].costs, problem.objective, problem.starts)
    for values in (problem.rows[0].costs, problem.objective):
        sums = [values[walk.picks(steps)].sum() for steps in range(len(walk.groups) + 1)]
        assert walk.totals(values) == pytest.approx(np.array(sums), rel=1e-12)


def test_costs_rise_and_the_objective_falls_along_the_walk() -> None:
    problem = random_problem(5, groups=9, options=7)
    walk = path(problem.rows[0].costs, problem.objective, problem.starts)
    assert np.all(np.diff(walk.totals(problem.rows[0].costs)) > 0)
    assert np.all(np.diff(walk.totals(problem.objective)) < 0)


def test_of_equal_costs_the_better_option_counts() -> None:
    walk = path(np.array([4.0, 4.0, 8.0]), np.array([3.0, 2.0, 1.0]), np.array([0, 3]))
    assert walk.picks(0).tolist() == [1]
    assert walk.picks(1).tolist() == [2]


def test_a_dearer_option_that_is_no_better_is_left_out() -> None:
    walk = path(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.5]), np.array([0, 3]))
    assert len(walk.groups) == 0
    assert walk.picks(0).tolist() == [0]
