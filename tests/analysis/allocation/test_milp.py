from dataclasses import replace

import numpy as np
import pytest

from analysis.allocation import milp
from analysis.allocation.approximate import by_hull
from analysis.allocation.milp import by_milp
from analysis.allocation.problem import Integers, Problem, Row
from tests.analysis.allocation.problems import brute_force, one_a_group, random_problem


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize("seed", range(12))
def test_the_optimum_is_that_of_trying_everything(seed: int, rows: int) -> None:
    problem = random_problem(seed, rows=rows)
    picks, best = by_milp(problem), brute_force(problem)
    if best is None:
        assert picks is None
        return
    assert picks is not None
    assert one_a_group(problem, picks)
    assert problem.keeps(picks)
    assert problem.objective[picks].sum() == pytest.approx(best, rel=2e-6)


def test_limits_that_only_contradict_each_other_have_no_recipe() -> None:
    # Cheap in one limit is dear in the other, so that no combination keeps both.
    rows = [Row(np.array([1.0, 5.0]), 2.0), Row(np.array([5.0, 1.0]), 2.0)]
    assert by_milp(Problem(np.array([1.0, 2.0]), rows, np.array([0, 2]))) is None


def test_tiny_divergences_are_told_apart() -> None:
    problem = random_problem(4, groups=6)
    small = replace(problem, objective=problem.objective * 1e-12)
    picks = by_milp(small)
    assert picks is not None
    best = brute_force(small)
    assert small.objective[picks].sum() == pytest.approx(best, rel=2e-6, abs=0)


def test_a_large_network_is_never_worse_than_by_the_hull() -> None:
    problem = random_problem(7, groups=120, options=8)
    exact, rough = by_milp(problem), by_hull(problem)
    assert exact is not None
    assert rough is not None
    assert problem.keeps(exact)
    assert problem.objective[exact].sum() <= problem.objective[rough].sum()


def test_the_same_problem_has_the_same_answer() -> None:
    problem = random_problem(8, groups=40, options=8, rows=2)
    first, second = by_milp(problem), by_milp(problem)
    assert first is not None
    assert second is not None
    assert first.tolist() == second.tolist()


def test_an_answer_over_the_limit_is_solved_again_under_a_tighter_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # HiGHS keeps limits to a tolerance only; here its first answer breaks one grossly.
    problem = random_problem(2, groups=6)
    real, asked = milp._highs, []

    def careless(tried: Problem, value: float) -> Integers | None:
        asked.append(tried.rows[0].limit)
        if len(asked) == 1:
            return np.array([end - 1 for end in tried.starts[1:]])
        return real(tried, value)

    monkeypatch.setattr(milp, "WALKS", ())  # they prove the optimum before HiGHS is asked
    monkeypatch.setattr(milp, "_highs", careless)
    picks = by_milp(problem)
    assert picks is not None
    assert problem.keeps(picks)
    assert len(asked) == 2
    assert asked[1] < asked[0]


def test_a_known_recipe_is_kept_where_no_better_one_exists() -> None:
    problem = random_problem(6)
    best = by_milp(problem)
    assert best is not None
    exactly = [Row(row.costs, float(row.costs[best].sum())) for row in problem.rows]
    again = by_milp(replace(problem, rows=exactly), known=best)
    assert again is not None
    assert problem.objective[again].sum() == problem.objective[best].sum()
