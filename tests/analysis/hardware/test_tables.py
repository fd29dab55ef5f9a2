import pytest

from analysis.cost import weight_bytes
from analysis.errors import OptionError
from analysis.hardware.tables import BitProduct, CostTable, MacRow
from analysis.layers import Layer
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig
from tests.profiles import TIMED
from tests.sensitivities import make_sensitivities

LAYER = make_sensitivities(layers=4).layers[1]


def _table(*rows: MacRow, product: BitProduct | None = None) -> CostTable:
    return CostTable(
        unit="ns", basis="model, not measured", source="made up", rows=rows, product=product
    )


def _config(weight: int, activation: int) -> LayerConfig:
    return LayerConfig(WEIGHT_SPEC.with_bits(weight), ACTIVATION_SPEC.with_bits(activation))


def test_the_row_that_names_the_kind_goes_first_then_the_one_that_names_more() -> None:
    table = _table(
        MacRow(cost=1.0),
        MacRow(cost=2.0, weight_bits=8),
        MacRow(cost=3.0, weight_bits=8, activation_bits=8),
        MacRow(cost=4.0, kinds=("Linear",)),
    )
    assert table.mac("Conv2d", 4, 4) == 1.0
    assert table.mac("Conv2d", 8, 4) == 2.0
    assert table.mac("Conv2d", 8, 8) == 3.0
    assert table.mac("Linear", 8, 8) == 4.0


def test_the_bit_product_fills_up_but_not_for_float() -> None:
    table = _table(MacRow(cost=9.0, weight_bits=8), product=BitProduct(fixed=0.5, per_product=0.1))
    assert table.mac("Conv2d", 4, 2) == pytest.approx(0.5 + 0.8)
    assert table.mac("Conv2d", 8, 2) == 9.0
    assert table.mac("Conv2d", 32, 2) is None
    assert table.mac("Conv2d", 4, 32) is None


def test_a_layer_costs_its_macs_its_bytes_and_itself() -> None:
    table, config = TIMED.latency, _config(4, 8)
    assert table is not None
    assert LAYER.output_shape is not None
    values = LAYER.input_size + _size(LAYER)
    by_hand = (
        LAYER.macs * (0.1 + 0.01 * 32)
        + weight_bytes(LAYER, config.weight) * 0.5
        + values * 0.2
        + 100.0
    )
    assert table.layer(LAYER, config) == pytest.approx(by_hand / 1e6)


def _size(layer: Layer) -> int:
    """Values of the output."""
    assert layer.output_shape is not None
    count = 1
    for side in layer.output_shape:
        count *= side
    return count


def test_a_missing_row_is_told_with_the_layer_and_the_widths() -> None:
    table = _table(MacRow(cost=1.0, weight_bits=8, activation_bits=8))
    with pytest.raises(OptionError) as caught:
        table.layer(LAYER, LayerConfig(WEIGHT_SPEC.with_bits(3)))
    assert str(caught.value) == (
        "The table of time must have a row for 3-bit weights with float inputs, which "
        f"{LAYER.name!r} (Conv2d) may take, and has none; add the row, forbid that width, or lift "
        "the limit."
    )


def test_a_change_costs_itself_and_the_values_it_converts() -> None:
    table = TIMED.latency
    assert table is not None
    assert table.change(LAYER) == pytest.approx((150_000 + 3.0 * LAYER.input_size) / 1e6)


def test_a_table_needs_something() -> None:
    with pytest.raises(OptionError, match="needs rows for MACs, or a bit product"):
        _table()
