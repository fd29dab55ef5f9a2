from dataclasses import replace

from analysis.allocation.decided import STEADY_LOOKS, DecisionWatch
from tests.sensitivities import make_sensitivities


def test_the_same_figures_settle_after_some_looks():
    result, watch = make_sensitivities(6), DecisionWatch()
    looks = [watch.settled(result) for _ in range(STEADY_LOOKS + 1)]
    assert looks == [False] * (STEADY_LOOKS - 1) + [True, True]


def test_figures_that_change_the_recipe_start_the_count_anew():
    first, other = make_sensitivities(6), make_sensitivities(6, seed=5)
    watch = DecisionWatch()
    for _ in range(STEADY_LOOKS - 1):
        assert not watch.settled(first)
    assert not watch.settled(other)
    assert not watch.settled(first)


def test_a_sweep_with_missing_cells_is_not_settled():
    result = make_sensitivities(6)
    partial = replace(result, points=tuple(p for p in result.points if p.layer != "head")[:5])
    watch = DecisionWatch()
    assert not any(watch.settled(partial) for _ in range(STEADY_LOOKS + 2))
