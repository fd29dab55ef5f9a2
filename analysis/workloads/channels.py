"""Channels of a weight, scaled at its output or at its input."""

import torch
from torch import Tensor, nn

_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
PRODUCTS = (*_CONVS, *_TRANSPOSED, nn.Linear)


def _is_turned(module: nn.Module) -> bool:
    """Whether the weight has its input channels first."""
    return isinstance(module, _TRANSPOSED) or type(module).__name__ == "Conv1D"


def _groups(module: nn.Module) -> int:
    return int(getattr(module, "groups", 1))


def can_scale(module: nn.Module) -> bool:
    """Whether the functions here know the module's weight."""
    if isinstance(module, nn.MultiheadAttention):
        return module.in_proj_weight is not None
    known = isinstance(module, PRODUCTS) or type(module).__name__ == "Conv1D"
    return known and not (_is_turned(module) and _groups(module) > 1)


def _by_output(module: nn.Module) -> Tensor:
    """The weight with its output channels first, a view."""
    weight: Tensor = module.weight  # type: ignore[assignment]
    return weight.transpose(0, 1) if _is_turned(module) else weight


def _by_input(module: nn.Module) -> Tensor:
    """The weight as (groups, outputs of a group, inputs of a group, *kernel), a view."""
    if isinstance(module, nn.MultiheadAttention):
        return module.in_proj_weight.unsqueeze(0)
    weight, groups = _by_output(module), _groups(module)
    return weight.view(groups, weight.shape[0] // groups, *weight.shape[1:])


def output_sizes(module: nn.Module) -> Tensor:
    """Largest magnitude of each output channel's weights, float64."""
    return _by_output(module).detach().double().abs().flatten(1).amax(1)


def input_sizes(module: nn.Module) -> Tensor:
    """Largest magnitude of each input channel's weights, float64."""
    weight = _by_input(module).detach().double().abs()
    return weight.movedim(2, 1).flatten(2).amax(2).flatten()


@torch.no_grad()
def scale_outputs(module: nn.Module, factor: Tensor) -> None:
    """Multiply each output channel, with its bias."""
    weight, bias = _by_output(module), module.bias
    weight.mul_(factor.to(weight.dtype).reshape(-1, *(1,) * (weight.dim() - 1)))
    if isinstance(bias, Tensor):
        bias.mul_(factor.to(bias.dtype))


@torch.no_grad()
def scale_inputs(module: nn.Module, factor: Tensor) -> None:
    """Multiply what each input channel is weighted with."""
    weight = _by_input(module)
    kernel = (1,) * (weight.dim() - 3)
    weight.mul_(factor.to(weight.dtype).reshape(weight.shape[0], 1, weight.shape[2], *kernel))
