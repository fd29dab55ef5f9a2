import pytest

from analysis.charts.architecture import architecture_bars
from analysis.charts.frame import alt_text
from tests.sensitivities import make_sensitivities


def test_bars_stand_in_call_order_with_their_numbers() -> None:
    layers = make_sensitivities(6).layers
    (bars,) = architecture_bars(layers, {a.name: a.macs for a in layers}, title="MACs").data
    assert list(bars.y) == list(range(6))
    assert list(bars.x) == [layer.macs for layer in layers]
    assert [row[0] for row in bars.customdata] == [layer.name for layer in layers]


def test_a_layer_without_a_number_keeps_its_empty_row() -> None:
    layers = make_sensitivities(3).layers
    values = {layers[0].name: 1.0, layers[1].name: float("nan"), layers[2].name: 3.0}
    (bars,) = architecture_bars(layers, values, title="x").data
    assert list(bars.y) == [0, 2]


@pytest.mark.parametrize("count", [1, 300])
def test_any_size_draws(count: int) -> None:
    layers = make_sensitivities(count, bits=(4,)).layers
    figure = architecture_bars(layers, {a.name: a.parameters for a in layers}, title="weights")
    assert len(figure.to_json()) < 60 * 1024


def test_the_description_names_the_largest() -> None:
    layers = make_sensitivities(3).layers
    text = alt_text(architecture_bars(layers, {layers[1].name: 7.0}, title="x"))
    assert f"largest is {layers[1].name}" in text
    assert "no value" in alt_text(architecture_bars(layers, {}, title="x"))
