from collections.abc import Callable

import pytest
import torch
from torch import nn

from analysis.simulate.patches import spatial_dims
from analysis.workloads.channels import (
    can_scale,
    input_sizes,
    output_sizes,
    scale_inputs,
    scale_outputs,
)


def channels_last(module: nn.Conv2d) -> nn.Module:
    data = module.weight.data
    module.weight.data = data.to(memory_format=torch.channels_last)
    return module


MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(6, 4), (3, 6)),
    "no bias": (lambda: nn.Linear(6, 4, bias=False), (3, 6)),
    "conv": (lambda: nn.Conv2d(6, 4, 3), (2, 6, 5, 5)),
    "grouped": (lambda: nn.Conv2d(6, 4, 3, groups=2), (2, 6, 5, 5)),
    "depthwise": (lambda: nn.Conv1d(6, 6, 3, groups=6), (2, 6, 5)),
    "transposed": (lambda: nn.ConvTranspose2d(6, 4, 2), (2, 6, 5, 5)),
    "channels last": (
        lambda: channels_last(nn.Conv2d(6, 4, 3)),
        (2, 6, 5, 5),
    ),
}


@pytest.mark.parametrize("name", MODULES)
def test_scaled_inputs_are_those_of_a_scaled_tensor(name: str) -> None:
    build, shape = MODULES[name]
    module, x = build(), torch.randn(shape)
    factor = torch.rand(6, dtype=torch.float64) + 0.5
    axis = -1 - spatial_dims(module)
    scaled = x * factor.float().reshape(-1, *(1,) * (-axis - 1))
    with torch.no_grad():
        expected = module(scaled)
        scale_inputs(module, factor)
        assert torch.allclose(module(x), expected, atol=1e-5)


@pytest.mark.parametrize("name", MODULES)
def test_scaled_outputs_are_scaled_with_their_bias(name: str) -> None:
    build, shape = MODULES[name]
    module, x = build(), torch.randn(shape)
    axis = -1 - spatial_dims(module)
    with torch.no_grad():
        before = module(x)
        factor = torch.rand(before.shape[axis], dtype=torch.float64) + 0.5
        expected = before * factor.float().reshape(-1, *(1,) * (-axis - 1))
        scale_outputs(module, factor)
        assert torch.allclose(module(x), expected, atol=1e-5)


@pytest.mark.parametrize("name", MODULES)
def test_sizes_are_the_largest_weights_of_a_channel(name: str) -> None:
    module = MODULES[name][0]()
    for sizes, scale in ((input_sizes, scale_inputs), (output_sizes, scale_outputs)):
        before = sizes(module)
        factor = torch.rand(len(before), dtype=torch.float64) + 0.5
        scale(module, factor)
        assert torch.allclose(sizes(module), before * factor, rtol=1e-5)


def test_grouped_transposed_convolutions_are_left_alone() -> None:
    assert not can_scale(nn.ConvTranspose2d(4, 4, 2, groups=2))
    assert can_scale(nn.ConvTranspose2d(4, 4, 2))
    assert not can_scale(nn.LayerNorm(4))
