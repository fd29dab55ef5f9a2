from dataclasses import replace

import pytest

from analysis.charts.frame import alt_text
from analysis.charts.score import (
    CLASSES,
    class_damage,
    comparison,
    comparison_info,
    predicted_vs_measured,
)
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.scores import ClassDamage, Score
from tests.sensitivities import make_score, make_sensitivities


def score(bits: int = 4, metric: str | None = "top1") -> Score:
    result = make_sensitivities(4, metric=metric)
    layers = {a.name: LayerConfig(weight=WEIGHT_SPEC.with_bits(bits)) for a in result.layers}
    return make_score(result, Recipe(layers, "made-up", result.setup.fingerprint))


def test_points_lie_at_prediction_and_measurement_with_both_intervals() -> None:
    figure = predicted_vs_measured([("mixed", 0.1, 0.05, 0.2, 0.3, 0.25, 0.4)])
    point = figure.data[1]
    assert (point.x[0], point.y[0]) == (pytest.approx(0.1), pytest.approx(0.3))
    assert point.error_x.array[0] == pytest.approx(0.1)
    assert point.error_y.arrayminus[0] == pytest.approx(0.05)


def test_the_line_of_equality_crosses_both_axes_alike() -> None:
    figure = predicted_vs_measured([("a", 0.1, 0.1, 0.1, 3.0, 2.0, 4.0)])
    line = figure.data[0]
    assert list(line.x) == list(line.y)
    assert figure.layout.xaxis.range == figure.layout.yaxis.range


@pytest.mark.parametrize(
    "row", [("exact", 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), ("low", 0.1, -0.1, 0.2, 0.0, 0.0, 0.1)]
)
def test_zeros_draw(row: tuple[str, float, float, float, float, float, float]) -> None:
    assert predicted_vs_measured([row]).layout.xaxis.ticktext[0] == "0"


def test_nothing_to_compare_draws() -> None:
    assert "no recipe yet" in alt_text(predicted_vs_measured([]))
    assert "none yet" in alt_text(comparison([], "top1"))
    assert "no classes" in alt_text(class_damage([]))


def test_classes_show_float_and_quantised_shares() -> None:
    rows = [ClassDamage("<b>", 10, 0.9, 0.4), ClassDamage("coat", 10, 0.8, 0.8)]
    figure = class_damage(rows)
    assert list(figure.data[1].x) == [90, 80]
    assert list(figure.data[2].x) == [40, 80]
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;", "coat"]
    assert "<b>, " not in figure.data[1].hovertext[0]


def test_of_many_classes_the_worst_are_drawn() -> None:
    rows = [ClassDamage(f"class {i}", 5, 0.9, 0.9 - 0.001 * (1000 - i)) for i in range(1000)]
    assert list(class_damage(rows).data[1].y) == list(range(CLASSES))


def test_recipes_stand_side_by_side_in_percent() -> None:
    four, eight = score(4), score(8)
    rows = comparison_info([("four", four), ("eight", eight)], "top1")
    assert [row.name for row in rows] == ["four", "eight"]
    assert rows[0].value == pytest.approx(100 * four.actual["top1"].value)
    assert rows[0].low < rows[0].value < rows[0].high
    assert (rows[0].samples, rows[0].weight_bytes) == (2000, four.cost.weight_bytes)


def test_the_float_model_is_a_line() -> None:
    (line,) = comparison([("four", score())], "top1").layout.shapes
    assert line.x0 == pytest.approx(91.8)


def test_divergence_is_compared_on_a_log_axis() -> None:
    figure = comparison([("four", score(4)), ("eight", score(8))], "divergence")
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "divergence (KL, nats)"
    assert [trace.x[0] for trace in figure.data] == [score(4).divergence, score(8).divergence]


def test_a_recipe_without_the_metric_is_left_out() -> None:
    unlabelled = score(metric=None)
    assert comparison_info([("a", unlabelled)], "top1") == ()
    assert len(comparison_info([("a", unlabelled)], "divergence")) == 1


def test_an_exact_recipe_draws() -> None:
    exact = replace(score(), divergence=0.0, low=0.0, high=0.0)
    assert comparison([("exact", exact)], "divergence").layout.xaxis.ticktext[0] == "0"
