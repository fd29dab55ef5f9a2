from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.baselines import same_bytes_uniform
from analysis.allocation.budget import Budget
from analysis.allocation.on_hardware import on_hardware, runs_on
from analysis.allocation.rivals import refused, rivals
from analysis.errors import OptionError
from analysis.hardware.catalogue import profile
from analysis.quant.spec import IntFormat, PerTensor, QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities

NPU = profile("npu-2-4-8")


@pytest.fixture
def result() -> Sensitivities:
    """Symmetric weights, one scale a tensor: the NPU runs 2, 4 and 8 bits of them."""
    spec = QuantSpec(IntFormat(8, symmetric=True), PerTensor())
    return make_sensitivities(8, bits=(2, 3, 4, 5, 6, 8), weight_spec=spec)


def widths(recipe: Recipe) -> set[int]:
    return {config.weight.bits for config in recipe.layers.values() if config.weight}


def test_without_hardware_nothing_is_left_out(result):
    assert on_hardware(result, None) is result
    assert runs_on(None, result, Recipe({}, "", ""))


def test_widths_without_a_kernel_are_left_out(result):
    left = on_hardware(result, NPU)
    assert left.bits("weight") == (2, 4, 8)
    assert set(left.setup.cells) == {point.cell for point in left.points}


def test_everything_that_is_compared_runs_there(result):
    recipe = allocate(result, Budget(average_bits=5), profile=NPU).recipe
    found = rivals(result, recipe, profile=NPU)
    assert {"greedy by score", "random mix"} <= {other.name for other in found}
    assert any(other.name.startswith("uniform") for other in found)
    for other in found:
        assert widths(other) <= {2, 4, 8}
        assert runs_on(NPU, result, other)


def test_the_same_bytes_are_spent_on_widths_that_run(result):
    recipe = allocate(result, Budget(average_bits=5), profile=NPU).recipe
    stored = allocate(result, Budget(average_bits=5), profile=NPU).cost.weight_bytes
    uniform = same_bytes_uniform(result, stored, like=recipe, profile=NPU)
    assert widths(uniform) <= {4, 8}


def test_uniform_recipes_that_cannot_run_are_named(result):
    recipe = allocate(result, Budget(average_bits=5.2), profile=NPU).recipe
    names = {other.name for other in refused(result, recipe, NPU)}
    assert "uniform 5-bit" in names
    assert not names & {other.name for other in rivals(result, recipe, profile=NPU)}


def test_layers_that_run_in_float_stay_in_float(result):
    layers = tuple(
        replace(layer, kind="Embedding") if layer.name == "stem" else layer
        for layer in result.layers
    )
    net = replace(result, setup=replace(result.setup, layers=layers))
    target = replace(NPU, other_kinds_in_float=True)
    recipe = allocate(net, Budget(average_bits=12), profile=target).recipe
    for other in rivals(net, recipe, profile=target):
        assert other.layers["stem"] == LayerConfig()


def test_no_uniform_recipe_on_hardware_that_takes_nothing_is_told():
    with pytest.raises(OptionError, match="A uniform recipe needs"):
        same_bytes_uniform(make_sensitivities(4, bits=(3, 5)), 10**9, profile=NPU)
