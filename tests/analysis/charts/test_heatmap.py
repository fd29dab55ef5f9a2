import json
from dataclasses import replace
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from analysis.charts.frame import alt_text
from analysis.charts.heatmap import heatmap_info, sensitivity_heatmap
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def with_divergence(result: Sensitivities, *values: float) -> Sensitivities:
    """The same sweep with other divergences, repeated as often as needed."""
    points = tuple(
        replace(
            point,
            divergence=values[index % len(values)],
            low=values[index % len(values)],
            high=values[index % len(values)],
        )
        for index, point in enumerate(result.points)
    )
    return replace(result, points=points)


def traces(figure: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(figure.to_json())["data"]
    return found


def test_colours_rank_as_the_divergences_do() -> None:
    info = heatmap_info(make_sensitivities(12), target="weight")
    values = [point.divergence for _, _, point in info.grid.points]
    shares = [float(info.shares[row, column]) for row, column, _ in info.grid.points]
    assert np.argsort(values).tolist() == np.argsort(shares).tolist()
    assert min(shares) == 0
    assert max(shares) == 1


def test_a_metric_that_should_be_high_is_worst_where_it_is_low() -> None:
    result = make_sensitivities(12)
    info = heatmap_info(result, target="weight", value="top1")
    row, column, worst = min(info.grid.points, key=lambda cell: cell[2].metrics["top1"])
    assert info.shares[row, column] == 1
    assert info.texts[row][column] == f"{100 * worst.metrics['top1']:.1f}"
    assert info.read.title == "top-1 (%)"


def test_zeros_are_the_bottom_and_say_so() -> None:
    info = heatmap_info(with_divergence(make_sensitivities(3), 0.0, 0.1, 1.0), target="weight")
    row, column, _ = next(cell for cell in info.grid.points if cell[2].divergence == 0)
    assert info.shares[row, column] == 0
    assert info.texts[row][column] == "0"
    assert info.ticks[0] == (0.0, "0")


def test_what_is_not_measured_has_no_colour_and_no_marker() -> None:
    result = make_sensitivities(6, complete=False)
    info = heatmap_info(result, target="weight")
    assert np.isnan(info.shares).sum() == 36 - len(result.points)
    overlay = traces(sensitivity_heatmap(result, target="weight"))[-1]
    assert len(overlay["customdata"]) == len(result.points)


def test_the_last_trace_names_layer_and_bits_of_each_cell() -> None:
    result = make_sensitivities(4, bits=(2, 8))
    overlay = traces(sensitivity_heatmap(result, target="weight"))[-1]
    assert overlay["type"] == "scatter"
    assert overlay["marker"]["symbol"] == "square"
    assert overlay["customdata"] == [[p.layer, p.bits] for p in result.points]


def test_hover_tells_value_interval_and_samples() -> None:
    result = make_sensitivities(2, bits=(4,))
    overlay = traces(sensitivity_heatmap(result, target="weight"))[-1]
    assert "on 512 sweep samples" in overlay["hovertemplate"]
    assert "95\N{NO-BREAK SPACE}% interval" in overlay["hovertext"][0]


def test_running_estimates_tell_their_own_sample_counts() -> None:
    result = make_sensitivities(2, bits=(4,))
    points = (replace(result.points[0], samples=128), result.points[1])
    overlay = traces(sensitivity_heatmap(replace(result, points=points), target="weight"))[-1]
    assert overlay["hovertext"][0].endswith("on 128 of 512 sweep samples")
    assert overlay["hovertext"][1].endswith("on 512 sweep samples")


@pytest.mark.parametrize(("layers", "numbered"), [(40, True), (41, False)])
def test_numbers_stand_in_the_cells_of_small_figures(layers: int, numbered: bool) -> None:
    figure = sensitivity_heatmap(make_sensitivities(layers), target="weight")
    assert any(trace["mode"] == "text" for trace in traces(figure)[1:]) == numbered


def test_the_selected_layer_is_framed() -> None:
    result = make_sensitivities(5)
    figure = sensitivity_heatmap(result, target="weight", selected=result.layers[3].name)
    (frame,) = figure.layout.shapes
    assert (frame.y0, frame.y1) == (2.5, 3.5)


@pytest.mark.parametrize("values", [(0.0,), (0.3,), (nan, 0.1), (inf, 0.1), (0.0, inf, nan, 1e-30)])
@pytest.mark.parametrize("layers", [1, 3, 90])
def test_odd_values_draw(values: tuple[float, ...], layers: int) -> None:
    figure = sensitivity_heatmap(
        with_divergence(make_sensitivities(layers), *values), target="weight"
    )
    assert "NaN" not in json.dumps(json.loads(figure.to_json())["layout"])


@pytest.mark.parametrize("value", ["divergence", "top1", "unknown"])
@pytest.mark.parametrize("order", ["network", "worst"])
def test_every_view_of_a_sweep_without_points_draws(value: str, order: Any) -> None:
    result = replace(make_sensitivities(3), points=())
    figure = sensitivity_heatmap(result, target="weight", value=value, order=order)
    assert alt_text(figure).endswith("nothing is measured yet.")


def test_a_target_that_was_not_swept_draws_empty() -> None:
    figure = sensitivity_heatmap(make_sensitivities(3), target="activation")
    assert len(traces(figure)[-1]["customdata"]) == 0


def test_the_description_names_the_worst_cell() -> None:
    result = make_sensitivities(12)
    worst = max(result.points, key=lambda point: point.divergence)
    text = alt_text(sensitivity_heatmap(result, target="weight"))
    assert f"worst is {worst.layer} at {worst.bits} bits" in text


def test_a_figure_of_three_hundred_layers_is_light() -> None:
    figure = sensitivity_heatmap(make_sensitivities(300), target="weight")
    names = sum(len(layer.name) for layer in make_sensitivities(300).layers) * 6
    size = len(figure.to_json())
    # Clicks need each cell's layer by name; all the rest together stays small.
    assert size - names <= 42 * 1024
    assert size <= 68 * 1024


def test_compact_hover_carries_the_figures_of_large_grids() -> None:
    figure = sensitivity_heatmap(make_sensitivities(90), target="weight")
    overlay = figure.data[-1]
    points = make_sensitivities(90).points
    assert np.allclose(overlay.marker.color, [point.divergence for point in points])
    half = 100 * (points[0].high - points[0].low) / 2 / points[0].divergence
    assert overlay.marker.line.width[0] == round(half)
    assert "on 512 sweep samples" in overlay.hovertemplate
