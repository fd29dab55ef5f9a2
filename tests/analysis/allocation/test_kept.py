from dataclasses import replace

from analysis.allocation.kept import KEPT, kept
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def test_the_same_sweep_is_asked_about_once_for_each_argument():
    asked: list[int] = []

    @kept
    def layers(result: Sensitivities, more: int) -> int:
        asked.append(more)
        return len(result.layers) + more

    result = make_sensitivities(layers=3)
    assert [layers(result, 1), layers(result, 1), layers(result, 2)] == [4, 4, 5]
    assert asked == [1, 2]


def test_an_equal_sweep_is_another_one_and_only_the_last_few_are_kept():
    asked: list[int] = []

    @kept
    def count(result: Sensitivities) -> int:
        asked.append(id(result))
        return len(result.layers)

    first = make_sensitivities(layers=2)
    others = [replace(first) for _ in range(KEPT)]
    for result in (first, *others, first):
        count(result)
    assert len(asked) == KEPT + 2
