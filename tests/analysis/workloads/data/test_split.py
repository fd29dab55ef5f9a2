import numpy as np
import pytest

from analysis.errors import OptionError, WorkloadError
from analysis.workloads.data.form import Split
from analysis.workloads.data.split import split_places


def digests(count: int, different: int) -> list[bytes]:
    return [str(number % different).encode() for number in range(count)]


def parts(places):
    return [set(part.tolist()) for part in (places.calibration, places.sweep, places.evaluation)]


def test_parts_are_disjoint_and_hold_everything():
    first, second, third = parts(split_places(digests(100, 100), Split()))
    assert first | second | third == set(range(100))
    assert not first & second and not second & third and not first & third
    assert (len(first), len(second), len(third)) == (25, 25, 50)


def test_equal_samples_fall_into_one_part():
    names = digests(100, 30)
    places = split_places(names, Split())
    found = [{names[place] for place in part} for part in parts(places)]
    assert not found[0] & found[1] and not found[1] & found[2] and not found[0] & found[2]
    assert places.duplicates == 70


def test_the_seed_decides():
    names = digests(60, 60)
    once, again = (split_places(names, Split(seed=1)).sweep for _ in range(2))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, split_places(names, Split(seed=2)).sweep)


def test_sizes_are_those_asked_and_the_rest_is_left_out():
    places = split_places(digests(100, 100), Split(calibration=10, sweep=20, evaluation=30))
    assert [len(part) for part in parts(places)] == [10, 20, 30]
    assert places.left_out == 40


def test_large_sets_give_most_to_the_evaluation():
    places = split_places(digests(10_000, 10_000), Split())
    assert [len(part) for part in parts(places)] == [512, 1024, 8464]


@pytest.mark.parametrize(
    ("different", "split", "words"),
    [
        (11, Split(), "at least 12 different samples"),
        (100, Split(calibration=50, sweep=50), "must fit into 100"),
        (12, Split(calibration=40, sweep=40, evaluation=20), "equal samples stay in one part"),
    ],
)
def test_sizes_that_cannot_be_are_told(different, split, words):
    with pytest.raises(WorkloadError, match=words):
        split_places(digests(100, different), split)


def test_an_empty_part_cannot_be_asked_for():
    with pytest.raises(OptionError, match="at least 1 sample"):
        Split(sweep=0)
