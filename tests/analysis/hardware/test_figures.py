from dataclasses import replace
from math import prod

import pytest

from analysis.hardware.figures import boundaries, hardware_cost, total_cost
from analysis.hardware.memory import activation_bytes, peak_activation_bytes
from analysis.hardware.profile import HardwareProfile
from analysis.hardware.tables import MacRow
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from tests.profiles import TIMED
from tests.sensitivities import make_sensitivities

LAYERS = make_sensitivities(layers=4).layers


def _recipe(*widths: tuple[int, int] | None) -> Recipe:
    """Weight and input width of each layer; None is float."""
    configs = [
        LayerConfig()
        if pair is None
        else LayerConfig(WEIGHT_SPEC.with_bits(pair[0]), ACTIVATION_SPEC.with_bits(pair[1]))
        for pair in widths
    ]
    names = [layer.name for layer in LAYERS]
    return Recipe(dict(zip(names, configs, strict=True)), "made-up", "0" * 64)


def test_a_layer_holds_its_input_and_its_output_at_the_width_of_its_input() -> None:
    layer = LAYERS[1]
    assert layer.output_shape is not None
    values = layer.input_size + prod(layer.output_shape)
    quantised = LayerConfig(None, ACTIVATION_SPEC.with_bits(4))
    assert activation_bytes(layer, LayerConfig()) == 4 * values
    assert activation_bytes(layer, quantised) == values // 2


def test_odd_bits_are_padded_to_whole_bytes_for_each_tensor() -> None:
    layer = replace(LAYERS[1], input_shape=(3,), output_shape=(5,))
    config = LayerConfig(None, ACTIVATION_SPEC.with_bits(3))
    assert activation_bytes(layer, config) == 2 + 2


def test_a_module_that_never_ran_holds_nothing() -> None:
    layer = replace(LAYERS[1], input_shape=None, output_shape=None)
    assert activation_bytes(layer, LayerConfig()) == 0


def test_the_peak_is_that_of_the_hungriest_layer() -> None:
    recipe = _recipe((8, 8), (8, 2), (8, 2), None)
    assert peak_activation_bytes(LAYERS, recipe) == max(
        activation_bytes(layer, recipe.layers[layer.name]) for layer in LAYERS
    )
    assert peak_activation_bytes((), recipe) == 0


def test_the_total_adds_layers_and_changes_of_the_inputs_width() -> None:
    recipe, table = _recipe((4, 8), (8, 8), (8, 4), (8, 4)), TIMED.latency
    assert table is not None
    assert boundaries(LAYERS, recipe) == (LAYERS[2],)
    own = sum(table.layer(layer, recipe.layers[layer.name]) for layer in LAYERS)
    assert total_cost(table, LAYERS, recipe) == pytest.approx(own + table.change(LAYERS[2]))


def test_figures_of_a_recipe() -> None:
    recipe = _recipe((4, 8), (8, 8), None, (8, 4))
    figures = hardware_cost(LAYERS, recipe, TIMED, change_ms=2.0)
    table = TIMED.latency
    assert table is not None
    assert figures.precision_changes == 3
    assert figures.widths == (4, 8)
    assert figures.latency_ms == pytest.approx(total_cost(table, LAYERS, recipe) + 6.0)
    assert figures.profile == "timed"


def test_without_tables_only_memory_and_widths_are_told() -> None:
    figures = hardware_cost(LAYERS, _recipe((4, 8), (4, 8), (4, 8), (4, 8)))
    assert (figures.profile, figures.latency_ms, figures.energy_uj) == (None, None, None)
    assert (figures.precision_changes, figures.widths) == (0, (4,))


def test_a_table_that_lacks_a_row_tells_nothing() -> None:
    assert TIMED.latency is not None
    rows = (MacRow(cost=1.0, weight_bits=8, activation_bits=8),)
    poor = replace(TIMED, latency=replace(TIMED.latency, rows=rows, product=None))
    assert isinstance(poor, HardwareProfile)
    assert hardware_cost(LAYERS, _recipe(None, None, None, None), poor).latency_ms is None
    assert hardware_cost(LAYERS, _recipe(*[(8, 8)] * 4), poor).latency_ms is not None
