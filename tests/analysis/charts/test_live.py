import json
from dataclasses import replace
from math import inf, nan

import pytest

from analysis.charts.live import live_heatmap
from analysis.charts.palette import CIVIDIS, contrast, mix, ramp
from analysis.sensitivity.points import Stage
from tests.sensitivities import make_sensitivities


def test_cells_that_are_not_in_stay_empty() -> None:
    half = make_sensitivities(4, complete=False)
    option = live_heatmap(half.setup, half.points, target="weight", dark=False)
    assert len(option["series"][0]["data"]) == len(half.points) == 12
    assert len(option["yAxis"]["data"]) == 4
    assert option["xAxis"]["data"] == ["2", "3", "4", "5", "6", "8"]


def test_a_cell_carries_its_place_its_decade_and_its_words() -> None:
    result = make_sensitivities(1, bits=(4,))
    point = replace(result.points[0], divergence=0.01, low=0.009, high=0.011, samples=128)
    option = live_heatmap(result.setup, [point], target="weight", dark=True)
    (cell,) = option["series"][0]["data"]
    assert cell["value"] == [0, 0, -2.0, "0.010", 128, "stem", 4]
    assert "itemStyle" not in cell
    assert "of 512 sweep samples" in option["tooltip"]["formatter"]


@pytest.mark.parametrize("dark", [True, False])
def test_before_the_first_point_there_are_axes_and_no_colours(dark: bool) -> None:
    setup = make_sensitivities(3).setup
    option = live_heatmap(setup, (), target="weight", dark=dark)
    assert option["series"][0]["data"] == []
    assert option["visualMap"]["show"] is False


def test_odd_values_are_valid_json() -> None:
    result = make_sensitivities(1, bits=(2, 3, 4, 5))
    odd = [
        replace(point, divergence=value, low=value, high=value)
        for point, value in zip(result.points, (0.0, inf, nan, 0.1), strict=True)
    ]
    option = live_heatmap(result.setup, odd, target="weight", dark=False)
    json.dumps(option, allow_nan=False)
    assert [row["value"][3] for row in option["series"][0]["data"]] == ["0", "∞", "0.10"]


def test_the_option_of_three_hundred_layers_is_light() -> None:
    result = make_sensitivities(300)
    option = live_heatmap(result.setup, result.points, target="weight", dark=False)
    assert len(json.dumps(option, separators=(",", ":"))) < 110 * 1024


def test_estimates_and_wide_intervals_are_faded() -> None:
    result = make_sensitivities(2, bits=(4, 8))
    points = list(result.points)
    points[0] = replace(points[0], stage="sketch")
    option = live_heatmap(result.setup, points, target="weight", dark=False)
    rows = option["series"][0]["data"]
    assert rows[0]["itemStyle"]["opacity"] < 1
    assert ["itemStyle" in row for row in rows] == [point.uncertain for point in points]


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("stage", ["sketch", "exact"])
def test_numbers_are_readable_on_cells_as_they_are_seen(dark: bool, stage: Stage) -> None:
    result = make_sensitivities(6)
    points = [replace(point, stage=stage) for point in result.points]
    option = live_heatmap(result.setup, points, target="weight", dark=dark)
    bar = option["visualMap"]
    for cell in option["series"][0]["data"]:
        place = (cell["value"][2] - bar["min"]) / (bar["max"] - bar["min"])
        seen = ramp(CIVIDIS, place)
        if "itemStyle" in cell:
            seen = mix("#10151D" if dark else "#FFFFFF", seen, cell["itemStyle"]["opacity"])
        assert contrast(cell["label"]["color"], seen) >= 4.5
