import numpy as np

from analysis.allocation.budget import Budget
from analysis.allocation.posed import pose
from analysis.allocation.surrogates.additive import Additive
from analysis.decision.polish import polish
from analysis.decision.race import Rounds
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from tests.analysis.decision.test_trials import trials_of
from tests.nets import make_workload


def test_moves_of_any_estimate_are_tried_in_the_order_of_the_trusted_one() -> None:
    workload = make_workload("branched", samples=40)
    result = Sensitivities.collect(sweep(workload, bits=(2, 3, 4, 8)))
    posed = pose(result, Budget(average_bits=4))
    problem = posed.problem
    right = Additive(problem.objective, problem.starts)
    generator = np.random.default_rng(0)
    wrong = Additive(generator.permutation(problem.objective), problem.starts)
    lowest = posed.recipe(problem.starts[:-1].copy(), "start")
    rounds = Rounds.of(trials_of(workload), 0)
    tried = []
    for trusted in (right, wrong):
        work = polish(posed, trusted, (right, wrong), rounds, lowest, 6)
        runs = 0
        try:
            while True:
                next(work)
                runs += 1
        except StopIteration as end:
            best = end.value
        assert runs <= 6
        assert problem.keeps(posed.picks(best))
        assert rounds.mean(best, None) <= rounds.mean(lowest, None)
        tried.append(rounds.mean(best, None))
    assert tried[0] < rounds.mean(lowest, None)
    assert tried[0] <= tried[1]
