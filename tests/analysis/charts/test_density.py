from dataclasses import replace

import numpy as np
import pytest

from analysis.charts.density import BINS, density_info, density_map
from analysis.charts.frame import alt_text
from analysis.profiles import LayerProfile
from analysis.quant.stats import Histogram
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities


@pytest.fixture(scope="module")
def profiles() -> tuple[LayerProfile, ...]:
    return make_inspection(make_sensitivities(100)).profiles


def with_histogram(profile: LayerProfile, low: float, high: float, *counts: int) -> LayerProfile:
    return replace(profile, weight=Histogram(low, high, counts))


def test_each_layer_has_its_own_axis_and_its_fullest_bin_is_one(profiles):
    rows = density_info(profiles)
    assert rows.shape == (len(profiles), BINS)
    assert rows.max(1) == pytest.approx(1.0)
    assert rows.min() >= 0


def test_values_stand_where_they_lie_between_minus_and_plus_the_largest(profiles):
    [row] = density_info([with_histogram(profiles[0], 0.0, 2.0, 1, 4)])
    assert row[: BINS // 2] == pytest.approx(0.0)
    assert row[BINS // 2 : 3 * BINS // 4] == pytest.approx(0.5)
    assert row[3 * BINS // 4 :] == pytest.approx(1.0)


def test_a_constant_is_one_bin_and_zeros_are_in_the_middle(profiles):
    constant, zeros = density_info(
        [with_histogram(profiles[0], 0.5, 0.5, 9), with_histogram(profiles[0], 0.0, 0.0, 9)]
    )
    assert list(np.flatnonzero(constant)) == [BINS - 1]
    assert list(np.flatnonzero(zeros)) == [BINS // 2]


def test_a_click_on_a_row_gives_the_layers_name(profiles):
    figure = density_map(profiles)
    cells, rows = figure.data
    assert list(rows.customdata) == [profile.layer.name for profile in profiles]
    assert cells.z.shape == (len(profiles), BINS) and cells.z.dtype == np.uint8
    assert "100 layers" in alt_text(figure)


def test_three_hundred_layers_travel_in_little():
    many = make_inspection(make_sensitivities(300)).profiles
    assert len(density_map(many).to_json()) < 40_000
