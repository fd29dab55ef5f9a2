import json

import pytest

from analysis.allocation.frontier import FrontierPoint, frontier
from analysis.charts.frame import alt_text
from analysis.charts.frontier import PREDICTED, MeasuredMark, frontier_figure, frontier_info
from tests.sensitivities import make_sensitivities


@pytest.fixture(scope="module")
def points() -> tuple[FrontierPoint, ...]:
    return frontier(make_sensitivities(12))


def mark(name: str = "mixed", low: float = 0.1, high: float = 0.4) -> MeasuredMark:
    return MeasuredMark(name, 50_000, 0.2, low, high, 2000)


def test_the_line_is_named_a_prediction_and_clicks_give_the_index(
    points: tuple[FrontierPoint, ...],
) -> None:
    line = frontier_figure(points).data[0]
    assert line.name == PREDICTED
    assert list(line.customdata) == list(range(len(points)))
    assert list(line.x) == pytest.approx([point.weight_bytes / 1000 for point in points])
    assert list(line.y) == pytest.approx([point.divergence for point in points])


def test_marks_say_on_how_many_held_out_samples(points: tuple[FrontierPoint, ...]) -> None:
    figure = frontier_figure(points, measured=[mark("uniform 4-bit"), mark()])
    assert [trace.name for trace in figure.data[1:]] == ["uniform 4-bit", "mixed"]
    assert {trace.legendgrouptitle.text for trace in figure.data[1:]} == {
        "measured on 2,000 held-out samples:"
    }


def test_error_bars_span_the_interval(points: tuple[FrontierPoint, ...]) -> None:
    bars = frontier_figure(points, measured=[mark()]).data[1].error_y
    assert (0.2 - bars.arrayminus[0], 0.2 + bars.array[0]) == pytest.approx((0.1, 0.4))


def test_an_interval_down_to_zero_stays_on_the_axis(points: tuple[FrontierPoint, ...]) -> None:
    bars = frontier_figure(points, measured=[mark(low=-0.1)]).data[1].error_y
    assert 0 < bars.arrayminus[0] < 0.2


def test_the_chosen_recipe_is_a_star(points: tuple[FrontierPoint, ...]) -> None:
    star = frontier_figure(points, chosen=(60_000, 0.25)).data[1]
    assert star.marker.symbol.startswith("star")
    assert (star.x[0], star.y[0]) == pytest.approx((60, 0.25))


def test_the_axis_holds_marks_and_intervals(points: tuple[FrontierPoint, ...]) -> None:
    shades = frontier_info(points, (1, 1e-9), [mark(high=500.0)]).shades
    assert shades.low <= -9
    assert shades.high >= 2.69


def test_large_models_are_drawn_in_megabytes() -> None:
    assert frontier_info([], (25_000_000, 0.1), []).unit == "MB"


def test_an_empty_frontier_draws() -> None:
    assert "no point yet" in alt_text(frontier_figure([]))


def test_names_of_recipes_are_escaped(points: tuple[FrontierPoint, ...]) -> None:
    text = frontier_figure(points, measured=[mark("<img src=x>")]).data[1].hovertemplate
    assert "<img" not in text


def test_a_frontier_of_three_hundred_layers_is_light() -> None:
    figure = frontier_figure(frontier(make_sensitivities(300)))
    assert len(figure.to_json()) < 64 * 1024
    assert json.loads(figure.to_json())["layout"]["meta"]["alt"].startswith("Frontier of")
