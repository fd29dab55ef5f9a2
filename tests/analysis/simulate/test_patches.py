from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from analysis.simulate.patches import multiplies, patches, places_in, spatial_dims
from analysis.workloads.discovery import channel_axis, find_layers
from tests.nets import make_workload

MODULES: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "linear": (lambda: nn.Linear(5, 3), (4, 5)),
    "linear on tokens": (lambda: nn.Linear(5, 3), (4, 6, 5)),
    "conv": (lambda: nn.Conv2d(4, 6, 3), (2, 4, 9, 8)),
    "strided, padded": (lambda: nn.Conv2d(4, 6, (3, 2), (2, 1), padding=(1, 2)), (2, 4, 9, 8)),
    "dilated": (lambda: nn.Conv2d(4, 6, 3, padding="same", dilation=2), (2, 4, 9, 8)),
    "reflecting": (lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), (2, 4, 9, 8)),
    "grouped": (lambda: nn.Conv2d(4, 6, 3, padding=1, groups=2), (2, 4, 9, 8)),
    "depthwise": (lambda: nn.Conv1d(4, 8, 3, groups=4), (2, 4, 9)),
    "one sample without its axis": (lambda: nn.Conv1d(4, 8, 3), (4, 9)),
    "volume": (lambda: nn.Conv3d(2, 3, 2, stride=2), (2, 2, 4, 5, 6)),
    "transposed": (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1),
        (2, 4, 5, 6),
    ),
    "transposed, dilated": (lambda: nn.ConvTranspose1d(3, 2, 3, dilation=2), (2, 3, 7)),
}


@pytest.mark.parametrize("name", MODULES)
def test_windows_times_weight_is_what_the_module_computes(name: str) -> None:
    build, shape = MODULES[name]
    module, x = build(), torch.randn(shape)
    weight, bias = module.get_parameter("weight"), module.get_parameter("bias")
    windows = patches(module, x)
    leading = windows.shape[: places_in(windows)]
    groups = windows.shape[len(leading)]
    rows = windows.reshape(leading.numel(), groups, -1)
    matrix = weight.movedim(channel_axis(module), 0).reshape(groups, -1, rows.shape[2])
    made = torch.einsum("pgc,goc->pgo", rows, matrix).flatten(1) + bias
    expected: Tensor = module(x)
    expected = expected.movedim(-1 - spatial_dims(module), -1).reshape(made.shape)
    assert torch.allclose(made, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("net", "unseen"),
    [
        ("branched", set()),
        ("depthwise", set()),
        ("gpt", {"tokens"}),
        ("recurrent", {"lstm.weight_hh_l0"}),
    ],
)
def test_only_products_with_an_input_that_is_seen_count(net: str, unseen: set[str]) -> None:
    workload = make_workload(net)
    layers = find_layers(workload)
    found = {
        layer.name
        for layer in layers
        if not multiplies(workload.model.get_submodule(layer.module), layer)
    }
    assert found == unseen


def test_attention_counts_for_the_weight_that_meets_its_input() -> None:
    workload = make_workload("encoder")
    found = {
        layer.param
        for layer in find_layers(workload)
        if multiplies(workload.model.get_submodule(layer.module), layer)
    }
    assert any(name.endswith("in_proj_weight") for name in found)
    assert not any(name.endswith("out_proj.weight") for name in found)


def test_grouped_transposed_convolutions_do_not_count() -> None:
    from dataclasses import replace

    layer = find_layers(make_workload("depthwise"))[0]
    module = nn.ConvTranspose2d(4, 4, 2, groups=2)
    assert not multiplies(module, replace(layer, param="up.weight"))
