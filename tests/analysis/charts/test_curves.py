from dataclasses import replace

import pytest

from analysis.charts.curves import NAMED, curves_info, sensitivity_curves
from analysis.charts.frame import alt_text
from tests.sensitivities import make_sensitivities


def test_the_worst_layers_are_named_in_order() -> None:
    info = curves_info(make_sensitivities(12), "weight", None)
    assert len(info.named) == NAMED
    assert len(info.others) == 12 - NAMED
    worst = [curve.worst for curve in info.named]
    assert worst == sorted(worst, reverse=True)
    assert min(worst) >= max(curve.worst for curve in info.others)


def test_a_highlighted_layer_is_the_only_named_one() -> None:
    result = make_sensitivities(6)
    info = curves_info(result, "weight", result.layers[4].name)
    assert [curve.layer for curve in info.named] == [result.layers[4].name]
    assert len(info.others) == 5


def test_the_highlighted_layer_has_its_interval_as_a_band() -> None:
    result = make_sensitivities(6)
    name = result.layers[4].name
    band = sensitivity_curves(result, target="weight", highlight=name).data[1]
    points = [point for point in result.points if point.layer == name]
    assert list(band.y[: len(points)]) == pytest.approx([point.high for point in points])
    assert list(band.y[len(points) :]) == pytest.approx([p.low for p in reversed(points)])


def test_lines_are_drawn_at_the_measured_values() -> None:
    result = make_sensitivities(6)
    line = sensitivity_curves(result, target="weight").data[1]
    name = line.customdata[0][0]
    points = [point for point in result.points if point.layer == name]
    assert list(line.x) == [point.bits for point in points]
    assert list(line.y) == pytest.approx([point.divergence for point in points])
    assert [list(row) for row in line.customdata] == [[name, point.bits] for point in points]


def test_a_metric_is_drawn_in_percent_on_a_linear_axis() -> None:
    figure = sensitivity_curves(make_sensitivities(6), target="weight", value="top1")
    assert figure.layout.yaxis.type is None
    assert figure.layout.yaxis.title.text == "top-1 (%)"
    assert 1 < max(figure.data[1].y) <= 100


def test_a_zero_is_drawn_at_its_own_tick() -> None:
    result = make_sensitivities(2, bits=(2, 8))
    points = [replace(p, divergence=0.0, low=0.0) if p.bits == 8 else p for p in result.points]
    figure = sensitivity_curves(replace(result, points=tuple(points)), target="weight")
    assert figure.layout.yaxis.ticktext[0] == "0"
    assert figure.data[1].y[1] == pytest.approx(figure.layout.yaxis.tickvals[0])


@pytest.mark.parametrize("layers", [1, 300])
def test_any_size_draws(layers: int) -> None:
    figure = sensitivity_curves(make_sensitivities(layers), target="weight")
    assert len(figure.data) <= NAMED + 1
    assert len(figure.to_json()) < 110 * 1024


def test_a_sweep_without_points_draws() -> None:
    figure = sensitivity_curves(replace(make_sensitivities(3), points=()), target="weight")
    assert "no layer" in alt_text(figure)
