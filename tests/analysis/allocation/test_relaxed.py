import numpy as np
import pytest

from analysis.allocation.relaxed import priced, relaxed
from tests.analysis.allocation.problems import brute_force, every, random_problem


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("seed", range(8))
def test_no_recipe_within_the_limits_beats_the_bound(seed: int, rows: int) -> None:
    problem = random_problem(seed, rows=rows)
    found, best = relaxed(problem), brute_force(problem)
    if best is None:
        return
    assert found is not None
    assert found.bound <= best * (1 + 1e-12)
    assert np.all(found.prices >= 0)


@pytest.mark.parametrize("seed", range(8))
def test_a_recipe_is_worse_than_the_bound_by_the_regrets_of_its_options(seed: int) -> None:
    problem = random_problem(seed)
    found = relaxed(problem)
    assert found is not None
    for picks in every(problem):
        if problem.keeps(picks):
            worse = problem.objective[picks].sum() - found.bound
            assert worse >= found.regret[picks].sum() - 1e-12 * abs(found.bound)


def test_the_bound_holds_for_any_price() -> None:
    problem, best = random_problem(3), brute_force(random_problem(3))
    assert best is not None
    for price in (0.0, 1e-8, 1e-6, 1e-3):
        assert priced(problem, np.array([price])).bound <= best
