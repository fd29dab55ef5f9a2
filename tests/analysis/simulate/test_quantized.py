import pytest
import torch
from torch import Tensor

from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.simulate.patches import multiplies, spatial_dims
from analysis.simulate.quantized import in_place, output_leaves, quantized_weight
from analysis.simulate.simulated import simulated
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.subject import Subject, subject
from tests.nets import NETS, make_workload

BIAS = QuantSpec.parse("int2 asym per-channel minmax +bias")
PLAIN = QuantSpec.parse("int2 asym per-channel minmax")


def seen(made: Subject, layer: Layer) -> bool:
    return multiplies(made.model.get_submodule(layer.module), layer)


def mean_output(made: Subject, layer: Layer) -> Tensor:
    """Mean over the calibration set of each channel of what the layer's module returns."""
    module = made.model.get_submodule(layer.module)
    kept: list[Tensor] = []
    handle = module.register_forward_hook(lambda _m, _a, output: kept.append(output.clone()))
    for inputs, _ in made.parts.calibration:
        call_with(made.model, {}, inputs)
    handle.remove()
    axis = -1 - spatial_dims(module)
    rows = [output.double().movedim(axis, -1).reshape(-1, output.shape[axis]) for output in kept]
    return torch.cat(rows).mean(0)


@pytest.mark.parametrize("net", ["branched", "depthwise", "gpt"])
def test_with_its_bias_corrected_a_layer_gives_its_mean_output_on_calibration(net: str) -> None:
    made = subject(make_workload(net))
    for layer in filter(lambda x: seen(made, x) and x.calls == 1, made.layers):
        found = quantized_weight(made, layer, BIAS)
        assert found.shift is not None
        with quiet_inference(made):
            expected = mean_output(made, layer)
            with in_place(made, {layer: found}):
                actual = mean_output(made, layer)
            with in_place(made, {layer: quantized_weight(made, layer, PLAIN)}):
                uncorrected = mean_output(made, layer)
        assert torch.allclose(actual, expected, atol=1e-5)
        exact = made.model.get_parameter(layer.param)[0].numel() == 1
        assert exact or not torch.allclose(uncorrected, expected, atol=1e-3)


def test_layers_with_and_without_a_bias_occur() -> None:
    depthwise, gpt = (subject(make_workload(net, fold=False)) for net in ("depthwise", "gpt"))
    biases = {layer.name: layer.bias for layer in (*depthwise.layers, *gpt.layers)}
    assert biases["depth"] is None
    assert biases["up"] == "up.bias"
    assert biases["blocks.0.qkv"] == "blocks.0.qkv.bias"


def test_recurrent_and_attention_weights_shift_the_bias_of_their_input() -> None:
    for net, param, bias in (
        ("recurrent", "lstm.weight_ih_l0", "lstm.bias_ih_l0"),
        ("encoder", "encoder.layers.0.self_attn.in_proj_weight", None),
    ):
        made = subject(make_workload(net))
        layer = next(layer for layer in made.layers if layer.param == param)
        assert layer.bias == (bias or param.replace("weight", "bias"))
        found = quantized_weight(made, layer, BIAS)
        assert found.shift is not None
        assert found.shift.shape == (layer.channels,)


@pytest.mark.parametrize("net", NETS)
def test_the_model_is_left_as_it_was(net: str) -> None:
    made = subject(make_workload(net))
    before = {name: value.clone() for name, value in made.model.state_dict().items()}
    inputs = made.parts.sweep[0][0]
    spec = QuantSpec.parse("int2 asym per-channel msegain gptq +bias")
    layers = {layer.name: LayerConfig(weight=spec) for layer in made.layers}
    with simulated(made, None) as forward:
        reference = forward(inputs)
    with simulated(made, Recipe(layers, made.name, made.fingerprint)) as forward:
        actual = forward(inputs)
    assert not torch.equal(actual, reference)
    assert actual.isfinite().all()
    after = made.model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    with simulated(made, None) as forward:
        assert torch.equal(forward(inputs), reference)


@pytest.mark.parametrize("net", ["depthwise", "gpt", "recurrent"])
def test_an_output_leaf_has_the_gradient_of_a_shift(net: str) -> None:
    made = subject(make_workload(net, fold=False))
    layers = [x for x in made.layers if quantized_weight(made, x, BIAS).shift is not None]
    inputs = made.parts.sweep[0][0]
    with quiet_inference(made), torch.enable_grad(), output_leaves(made.model, layers) as leaves:
        output = made.take(call_with(made.model, {}, inputs)).square().sum()
        gradients = dict(zip(leaves, torch.autograd.grad(output, [*leaves.values()]), strict=True))
    for layer in layers:
        found = quantized_weight(made, layer, BIAS)
        weight = made.model.get_parameter(layer.param).detach()
        step = 1e-3 * torch.ones(layer.channels)
        shifted = type(found)(weight, step)
        with quiet_inference(made):
            base = made.take(call_with(made.model, {}, inputs)).square().sum()
            with in_place(made, {layer: shifted}):
                moved = made.take(call_with(made.model, {}, inputs)).square().sum()
        expected = float((gradients[layer.name] * step).sum())
        assert float(moved - base) == pytest.approx(expected, rel=0.1, abs=2e-3)
