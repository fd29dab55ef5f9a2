"""Whether a changed copy of a model still computes the same."""

from typing import Any

import torch
from torch import Tensor, nn

from analysis.workloads.workload import Inputs, call_model

TOLERANCE = 1e-4
"""Largest difference of any output, in parts of the largest output: float32 rounding in another
order stays well below it in deep networks, a wrong transformation does not."""


def all_outputs(model: nn.Module, inputs: Inputs) -> Tensor:
    """Every number the model returns, flat, in float64."""
    with torch.no_grad():
        result = call_model(model, inputs)
    leaves: list[Any] = torch.utils._pytree.tree_leaves(result)
    return torch.cat([leaf.double().flatten() for leaf in leaves if isinstance(leaf, Tensor)])


def same_outputs(reference: Tensor, actual: Tensor) -> bool:
    """Whether two `all_outputs` are equal but for rounding."""
    size = reference.abs().max() if reference.numel() else reference.sum()
    return bool((reference - actual).abs().max() <= TOLERANCE * size)


def shared_parameters(model: nn.Module) -> set[int]:
    """Ids of the parameters that stand under more than one name."""
    seen: set[int] = set()
    shared: set[int] = set()
    for _, parameter in model.named_parameters(remove_duplicate=False):
        (shared if id(parameter) in seen else seen).add(id(parameter))
    return shared
