from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from analysis.layers import Layer
from analysis.quant.dynamic import fake_quantize_samples
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.simulate.quantized import quantized_weight
from analysis.simulate.simulated import simulated
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload
from tests.nets import make_workload

WEIGHT = QuantSpec.parse("int4 asym per-channel minmax")


class Gated(nn.Module):
    """A GRU over embedded tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(11, 6)
        self.gru = nn.GRU(6, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, 5)

    def forward(self, tokens: Tensor) -> Tensor:
        y, _ = self.gru(self.tokens(tokens))
        return self.head(y[:, -1])


def gated() -> Workload:
    torch.manual_seed(0)
    data = [(torch.randint(0, 11, (24, 6)), None)]
    return Workload(name="gated", model=Gated().eval(), calibration=data, evaluation=data)


def layer_of(made: Subject, param: str) -> Layer:
    return next(layer for layer in made.layers if layer.param == param)


def run(made: Subject, config: dict[str, LayerConfig]) -> Tensor:
    with simulated(made, Recipe(config, made.name, made.fingerprint)) as forward:
        return forward(made.probe)


def test_an_embedding_has_a_scale_for_each_row() -> None:
    made = subject(make_workload("gpt"))
    layer = layer_of(made, "tokens.weight")
    table = made.model.get_parameter(layer.param).detach()
    actual = quantized_weight(made, layer, WEIGHT).weight
    for row, quantised in zip(table, actual, strict=True):
        step = (row.max() - row.min()) / 15
        assert (row - quantised).abs().max() <= 0.51 * step
        assert quantised.unique().numel() <= 16


@pytest.mark.parametrize(
    "param", ["gru.weight_ih_l0", "gru.weight_hh_l0", "gru.weight_ih_l0_reverse", "tokens.weight"]
)
def test_recurrent_and_embedding_weights_are_simulated_as_if_written_into_the_model(
    param: str,
) -> None:
    made = subject(gated())
    layer = layer_of(made, param)
    actual = run(made, {layer.name: LayerConfig(weight=WEIGHT)})
    weight = made.model.get_parameter(param)
    original = weight.detach().clone()
    with torch.no_grad():
        weight.copy_(quantized_weight(made, layer, WEIGHT).weight)
        expected = made.model(*tensors_of(made.probe))
        weight.copy_(original)
    assert torch.equal(actual, expected)
    assert not torch.equal(actual, run(made, {}))


def test_the_input_of_recurrent_layers_and_of_attention_is_quantised() -> None:
    spec = QuantSpec.parse("int3 asym per-tensor minmax")
    for net, param in (
        ("recurrent", "lstm.weight_ih_l0"),
        ("encoder", "encoder.layers.0.self_attn.in_proj_weight"),
    ):
        made = subject(make_workload(net))
        layer = layer_of(made, param)
        assert layer.has_input
        assert not torch.equal(run(made, {layer.name: LayerConfig(activation=spec)}), run(made, {}))


def test_a_dynamic_range_is_that_of_each_sample() -> None:
    made = subject(make_workload("branched"))
    layer = layer_of(made, "head.weight")
    spec = QuantSpec.parse("int4 asym per-tensor dynamic")
    seen: list[Tensor] = []
    module = made.model.get_submodule("head")
    handle = module.register_forward_hook(lambda _m, args, _o: seen.append(args[0]))
    actual = run(made, {layer.name: LayerConfig(activation=spec)})
    run(made, {})
    handle.remove()
    quantised, reference = seen
    assert torch.equal(quantised, fake_quantize_samples(reference, spec.format))
    with torch.no_grad():
        assert torch.allclose(module(quantised), actual)


def test_a_sample_does_not_depend_on_the_others_of_its_batch() -> None:
    made = subject(make_workload("depthwise"))
    spec = QuantSpec.parse("int4 asym per-tensor dynamic")
    config = {layer.name: LayerConfig(activation=spec) for layer in made.layers if layer.has_input}
    together = run(made, config)
    alone = replace(made, probe=tensors_of(made.probe)[0][:1])
    assert torch.allclose(run(alone, config), together[:1], atol=1e-5)
