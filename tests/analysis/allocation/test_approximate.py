from dataclasses import replace

import pytest

from analysis.allocation.approximate import by_hull
from analysis.allocation.problem import Row
from tests.analysis.allocation.problems import brute_force, one_a_group, random_problem


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("seed", range(10))
def test_the_recipe_keeps_the_limits_and_is_never_better_than_the_optimum(
    seed: int, rows: int
) -> None:
    problem = random_problem(seed, rows=rows)
    picks, best = by_hull(problem), brute_force(problem)
    if picks is None:
        assert rows > 1
    else:
        assert best is not None
        assert one_a_group(problem, picks)
        assert problem.keeps(picks)
        assert problem.objective[picks].sum() >= best * (1 - 1e-12)


def test_a_limit_at_the_very_least_can_be_met() -> None:
    problem = random_problem(1)
    row = problem.rows[0]
    least = row.limit - problem.room(row)
    picks = by_hull(replace(problem, rows=[Row(row.costs, least)]))
    assert picks is not None
    assert row.costs[picks].sum() == least


def test_a_limit_below_the_least_has_no_recipe() -> None:
    problem = random_problem(1)
    row = problem.rows[0]
    least = row.limit - problem.room(row)
    assert by_hull(replace(problem, rows=[Row(row.costs, least - 1)])) is None


def test_bytes_left_over_by_the_hull_are_spent() -> None:
    # Group one gains most a byte but its step does not fit; the hull alone would stop there.
    costs = [10.0, 100.0, 10.0, 20.0]
    problem = replace(
        random_problem(0, groups=2, options=2),
        objective=_array([100.0, 0.0, 5.0, 4.0]),
        rows=[Row(_array(costs), 30.0)],
        starts=_array([0, 2, 4]).astype(int),
    )
    picks = by_hull(problem)
    assert picks is not None
    assert picks.tolist() == [0, 3]


def _array(values):
    import numpy as np

    return np.array(values, float)
