from dataclasses import replace

from analysis.hardware.catalogue import profile
from analysis.hardware.check import check_recipe
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from tests.profiles import TIMED
from tests.sensitivities import make_sensitivities

LAYERS = make_sensitivities(layers=4).layers
TENSORRT = profile("nvidia-tensorrt")
W8, W4 = QuantSpec.parse("int8 sym per-channel minmax"), QuantSpec.parse("int4 sym per-channel mse")
A8, A4 = QuantSpec.parse("int8 sym per-tensor mse"), QuantSpec.parse("int4 asym per-tensor mse")


def _recipe(*configs: LayerConfig, layers: tuple[Layer, ...] = LAYERS) -> Recipe:
    return Recipe(
        {layer.name: config for layer, config in zip(layers, configs, strict=True)},
        "made-up",
        "0" * 64,
    )


def _sentences(target: str, recipe: Recipe, layers: tuple[Layer, ...] = LAYERS) -> list[str]:
    return [found.sentence for found in check_recipe(profile(target), layers, recipe)]


def test_a_recipe_that_runs_has_no_warnings() -> None:
    assert (
        check_recipe(profile("generic-integer"), LAYERS, _recipe(*[LayerConfig(W8, A8)] * 4)) == ()
    )


def test_a_spec_without_a_kernel() -> None:
    recipe = _recipe(LayerConfig(W4, A8), *[LayerConfig(W8, A8)] * 3)
    found = check_recipe(TENSORRT, LAYERS, recipe)
    assert found[0].layer == "stem"
    assert found[0].sentence == (
        "'stem' has int4 sym per-channel mse weights with int8 sym per-tensor mse inputs, and "
        "NVIDIA GPU, TensorRT takes int8 sym per-channel or per-tensor weights with int8 sym "
        "per-tensor inputs; or float weights with float inputs; choose one of these."
    )


def test_float_inputs_and_float_weights_are_told_apart() -> None:
    recipe = _recipe(LayerConfig(W8), LayerConfig(None, A8), *[LayerConfig(W8, A8)] * 2)
    first, second = _sentences("cortex-m-cmsis-nn", recipe)
    assert first.startswith("'stem' has float inputs, and Arm Cortex-M, CMSIS-NN takes int8")
    assert second.startswith(f"{LAYERS[1].name!r} has float weights, and Arm Cortex-M")


def test_kinds_that_stay_in_float_or_do_not_run() -> None:
    layers = (replace(LAYERS[0], kind="Embedding"), *LAYERS[1:])
    recipe = _recipe(*[LayerConfig(W8, A8)] * 4, layers=layers)
    assert _sentences("nvidia-tensorrt", recipe, layers)[0] == (
        "'stem' is quantised, and NVIDIA GPU, TensorRT runs Embedding in float, so it saves "
        "nothing there; leave it in float."
    )
    assert (
        "is of kind Embedding, which Microcontroller NPU"
        in _sentences("npu-2-4-8", recipe, layers)[0]
    )


def test_a_layer_of_another_network() -> None:
    recipe = replace(_recipe(*[LayerConfig(W8, A8)] * 4), layers={"elsewhere": LayerConfig(W8)})
    assert _sentences("nvidia-tensorrt", recipe) == [
        "'elsewhere' is no layer of this network, so nothing is done with it."
    ]


def test_groups_that_the_target_merges_and_the_recipe_splits() -> None:
    layers = tuple(
        replace(layer, group="qkv", input_group="x") if place in (1, 2) else layer
        for place, layer in enumerate(LAYERS)
    )
    one, two = layers[1].name, layers[2].name
    configs = [LayerConfig(W8, A8), LayerConfig(W8, A8), LayerConfig(), LayerConfig(W8, A8)]
    found = _sentences("nvidia-tensorrt", _recipe(*configs, layers=layers), layers)
    assert found[0] == (
        f"{one!r} and {two!r} must share one weight spec, because NVIDIA GPU, TensorRT merges "
        "them; they have int8 sym per-channel minmax and float."
    )
    assert found[1].startswith(f"{one!r} and {two!r} must share one input spec, because their")
    assert not _sentences("generic-integer", _recipe(*configs, layers=layers), layers)


def test_mixed_that_is_slower_than_float_because_of_precision_boundaries() -> None:
    mixed = [LayerConfig(W8, A8), LayerConfig(W8, A4), LayerConfig(W8, A8), LayerConfig(W8, A4)]
    assert TIMED.latency is not None
    dear = replace(TIMED, latency=replace(TIMED.latency, per_change=1e9))
    (found,) = check_recipe(dear, LAYERS, _recipe(*mixed))
    assert found.layer is None
    assert found.sentence.startswith("Mixed is slower than float because of precision boundaries: ")
    assert "go to 3 changes of the inputs' width" in found.sentence
    assert f"the first at {LAYERS[1].name!r}" in found.sentence
    assert check_recipe(dear, LAYERS, _recipe(*[LayerConfig(W8, A8)] * 4)) == ()


def test_a_recipe_that_is_slower_by_itself() -> None:
    assert TIMED.latency is not None
    (row,) = TIMED.latency.rows
    quick = replace(TIMED, latency=replace(TIMED.latency, rows=(replace(row, cost=1e-6),)))
    (found,) = check_recipe(quick, LAYERS, _recipe(*[LayerConfig(W8, A8)] * 4))
    assert found.sentence.startswith("This recipe is slower than float: ")
