"""Inputs in blocks and with dynamic ranges, through the sweep, the allocation and the score."""

import pytest
import torch
from torch import nn

import analysis as qs
from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.quant.dynamic import fake_quantize_blocks
from analysis.quant.formats import MxFormat
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.points import Sensitivities
from analysis.simulate.patches import input_channel_axis
from analysis.simulate.simulated import input_quantizer
from analysis.workloads.subject import subject
from tests.nets import NETS, make_workload

MX = QuantSpec.parse("mxfp4-e2m1 per-group-32 minmax")


def test_blocks_lie_along_the_channels_that_a_layer_sums_over() -> None:
    workload = make_workload("branched")
    made = subject(workload)
    layer = next(layer for layer in made.layers if layer.kind == "Conv2d")
    assert layer.input_shape is not None
    x = torch.randn(2, *layer.input_shape)
    assert isinstance(MX.format, MxFormat)
    actual = input_quantizer(made, {}, layer, MX)(x)
    assert torch.equal(actual, fake_quantize_blocks(x, MX.format, 1))
    assert input_channel_axis(nn.Linear(2, 2)) == input_channel_axis(nn.LSTM(2, 2)) == -1


@pytest.mark.parametrize("label", [MX.label, "int4 asym per-tensor dynamic"])
@pytest.mark.parametrize("net", NETS)
def test_they_are_swept_allocated_and_scored(net: str, label: str) -> None:
    workload = make_workload(net, samples=16)
    spec = QuantSpec.parse(label)
    results = {
        method: Sensitivities.collect(
            qs.sweep(workload, bits=(4,), target="both", method=method, activation_spec=spec)
        )
        for method in ("exact", "sketch")
    }
    seen = [layer.name for layer in results["exact"].layers if layer.has_input]
    for result in results.values():
        points = result.of("activation")
        assert [point.layer for point in points] == seen
        assert all(0 <= point.divergence < float("inf") for point in points)
    choice = allocate(results["exact"], Budget(average_bits=4))
    assert {c.activation for c in choice.recipe.layers.values()} <= {spec, None}
    score = qs.score(workload, choice.recipe)
    assert 0 < score.divergence < float("inf")
