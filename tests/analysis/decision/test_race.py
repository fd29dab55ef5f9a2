import numpy as np

from analysis.decision.race import Rounds
from analysis.recipe import Recipe
from analysis.workloads.subject import subject
from tests.analysis.decision.test_trials import trials_of, uniform
from tests.nets import make_workload

WIDTHS = (8, 2, 6, 3, 5, 4, 7)


def raced() -> tuple[Rounds, list[Recipe]]:
    workload = make_workload("branched", samples=160)
    made = subject(workload)
    return Rounds.of(trials_of(workload), 0), [uniform(made, width) for width in WIDTHS]


def test_thinning_ends_with_the_best_few_run_whole_and_in_order() -> None:
    rounds, recipes = raced()
    told = []
    work = rounds.thinned(recipes)
    try:
        while True:
            told.append(next(work))
    except StopIteration as end:
        found = end.value
    assert {recipe.name for recipe in found} == {"8 bits", "7 bits"}
    assert len(told) == 7 + 4 + 2
    assert all(rounds.trials.whole(recipe) for recipe in found)
    assert not rounds.trials.whole(recipes[WIDTHS.index(2)])
    means = [rounds.mean(recipe, None) for recipe in found]
    assert means == sorted(means)


def test_a_recipe_that_looks_a_little_worse_on_few_samples_is_run_on() -> None:
    rounds, recipes = raced()
    champion, challenger = recipes[WIDTHS.index(4)], recipes[WIDTHS.index(8)]
    trials = rounds.trials
    worse = trials.divergence(champion)
    few = rounds.draws[0]
    assert few is not None
    better = worse * 0.5
    # the same on the drawn samples, but for noise that the standard error is made of
    noise = np.where(np.arange(len(few.indices)) % 2, 1.3, 0.71)
    better[few.indices] = worse[few.indices] * noise
    trials.divergence(challenger)[:] = better
    assert rounds.compared(challenger, champion, few).gain < 0
    assert rounds.beats(challenger, champion)
    assert not rounds.beats(champion, challenger)


def test_a_recipe_that_is_worse_on_few_samples_is_given_up_there() -> None:
    rounds, recipes = raced()
    champion, challenger = recipes[WIDTHS.index(8)], recipes[WIDTHS.index(2)]
    assert not rounds.beats(challenger, champion)
    assert not rounds.trials.whole(challenger)
