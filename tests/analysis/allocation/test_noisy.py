import numpy as np

from analysis.allocation.budget import Budget
from analysis.allocation.noisy import EXACTLY, near_additive
from analysis.allocation.posed import pose
from tests.sensitivities import make_sensitivities


def test_optima_under_noise_keep_the_limits_and_are_near_the_best() -> None:
    posed = pose(make_sensitivities(12), Budget(average_bits=4))
    problem, best = posed.problem, posed.problem.value(posed.additive)
    found = near_additive(problem, 0, 11)
    assert len(found) > 2
    assert len({picks.tobytes() for picks in found}) == len(found)
    for picks in found:
        assert problem.keeps(picks)
        assert best - 1e-12 <= problem.value(picks) < 1.5 * best


def test_the_same_seed_gives_the_same_optima_and_another_seed_others() -> None:
    problem = pose(make_sensitivities(12), Budget(average_bits=4)).problem
    first, again, other = (near_additive(problem, seed, 5) for seed in (0, 0, 1))
    assert [x.tolist() for x in first] == [x.tolist() for x in again]
    assert [x.tolist() for x in first] != [x.tolist() for x in other]


def test_many_groups_are_solved_by_the_hull() -> None:
    problem = pose(make_sensitivities(EXACTLY + 20), Budget(average_bits=4)).problem
    found = near_additive(problem, 0, 3)
    assert len(found) == 3
    assert all(problem.keeps(picks) for picks in found)
    assert not np.array_equal(found[0], found[1])
