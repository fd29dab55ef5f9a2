from math import inf, isnan, nan

import pytest

from analysis.charts.logscale import log_scale


def test_values_lie_at_their_decades() -> None:
    scale = log_scale([1e-4, 1e-2, 1.0])
    assert scale.place(0.01) == pytest.approx(-2)
    assert scale.share(1e-4) == 0
    assert scale.share(1.0) == 1
    assert scale.share(0.01) == pytest.approx(0.5)


def test_zero_has_its_own_place_below_the_smallest_value() -> None:
    scale = log_scale([0.0, 1e-3, 1.0])
    assert scale.share(0.0) == 0
    assert scale.place(0.0) < scale.place(1e-3)
    assert scale.ticks[0] == (scale.zero, "0")
    assert scale.shown(0.0) == pytest.approx(10**scale.bottom)


def test_without_zeros_there_is_no_zero_tick() -> None:
    assert all(text != "0" for _, text in log_scale([1e-3, 1.0]).ticks)


def test_only_zeros_still_make_a_scale() -> None:
    scale = log_scale([0.0, 0.0])
    assert scale.high > scale.bottom
    assert scale.share(0.0) == 0


def test_no_value_still_makes_a_scale() -> None:
    scale = log_scale([])
    assert scale.high > scale.low


def test_one_value_lies_inside() -> None:
    assert 0 < log_scale([0.3]).share(0.3) < 1


def test_infinity_is_the_top_and_nan_is_nowhere() -> None:
    scale = log_scale([1e-3, 1.0, inf, nan])
    assert scale.high == pytest.approx(0)
    assert scale.share(inf) == 1
    assert isnan(scale.share(nan))


@pytest.mark.parametrize("decades", [0.2, 0.9, 2, 5, 12, 40])
def test_ticks_are_few_and_within(decades: float) -> None:
    scale = log_scale([1.0, 10**decades])
    assert 1 <= len(scale.ticks) <= 9
    assert all(scale.low - 1e-6 <= place <= scale.high + 1e-6 for place, _ in scale.ticks)
