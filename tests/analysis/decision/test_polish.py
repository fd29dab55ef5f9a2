import numpy as np
import pytest

from analysis.allocation.budget import Budget
from analysis.allocation.posed import pose
from analysis.allocation.surrogates.additive import Additive
from analysis.decision.polish import Polish
from analysis.decision.race import Rounds
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from tests.analysis.decision.test_trials import trials_of
from tests.nets import make_workload


@pytest.fixture(scope="module")
def workload():
    return make_workload("branched", samples=40)


@pytest.fixture(scope="module")
def posed(workload):
    result = Sensitivities.collect(sweep(workload, bits=(2, 3, 4, 8)))
    return pose(result, Budget(average_bits=4))


def finished(work):
    """How many neighbours were run, and the recipe that came out."""
    runs = 0
    try:
        while True:
            next(work)
            runs += 1
    except StopIteration as end:
        return runs, end.value


def polished(posed, workload, trusted, most):
    """Polish from the lowest widths by an estimate; the runs, the recipe, its rounds, the start."""
    rounds = Rounds.of(trials_of(workload), 0)
    picks = posed.problem.starts[:-1].copy()
    lowest = posed.recipe(picks, "start")
    work = Polish(posed, (trusted,), rounds, {picks.tobytes(): picks})
    return *finished(work.run(trusted, lowest, most)), rounds, lowest


def right(posed):
    return Additive(posed.problem.objective, posed.problem.starts)


def test_polishing_keeps_the_limits_and_finds_something_better(posed, workload):
    runs, best, rounds, lowest = polished(posed, workload, right(posed), 8)
    assert 0 < runs <= 8
    assert posed.problem.keeps(posed.picks(best))
    assert rounds.mean(best, None) < rounds.mean(lowest, None)


def test_runs_put_an_estimate_right_that_ranks_badly(posed, workload):
    shuffled = np.random.default_rng(0).permutation(posed.problem.objective)
    wrong = Additive(shuffled, posed.problem.starts)
    _, best, rounds, lowest = polished(posed, workload, wrong, 40)
    assert rounds.mean(best, None) < rounds.mean(lowest, None)


def test_no_recipe_is_run_twice_and_a_small_problem_ends_by_itself(posed, workload):
    runs, _, rounds, _ = polished(posed, workload, right(posed), 10_000)
    assert runs == len(rounds.trials._known) - 1
    assert runs < 10_000
