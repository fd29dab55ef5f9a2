"""What a weight is multiplied with: the input of a module, as columns in the weight's own order."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from analysis.layers import Layer

_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_RECURRENT = (nn.LSTM, nn.GRU, nn.RNN)


def spatial_dims(module: nn.Module) -> int:
    """Axes of a convolution's output behind its channels; 0 for anything else."""
    return len(module.kernel_size) if isinstance(module, (*_CONVS, *_TRANSPOSED)) else 0


def input_channel_axis(module: nn.Module) -> int:
    """Axis of the channels in a module's input, from behind."""
    return -1 - spatial_dims(module)


def multiplies(module: nn.Module, layer: Layer) -> bool:
    """Whether the layer's weight is multiplied with the module's first input, and we know how.

    Not so for embeddings (rows are looked up), recurrent weights (their input is made inside),
    grouped transposed convolutions, and modules of unknown kinds. An embedding that is also the
    head of a language model does not count either: GPTQ by the inputs of the head alone makes the
    lookup worse (measured: KL 0.165 instead of 0.095 at 3 bits, small GPT of tests/bench).
    """
    own = layer.param.rpartition(".")[2]
    if not layer.has_input:
        return False
    if isinstance(module, _TRANSPOSED):
        return module.groups == 1
    if isinstance(module, _RECURRENT):
        return own == "weight_ih_l0"
    if isinstance(module, nn.MultiheadAttention):
        return own == "in_proj_weight"
    known = isinstance(module, (*_CONVS, nn.Linear)) or type(module).__name__ == "Conv1D"
    return known and own == "weight"


def patches(module: nn.Module, x: Tensor) -> Tensor:
    """The input in windows of the weight's size.

    Padding is part of the windows, as the weight meets it. A convolution gives
    (samples, *output places, blocks, channels of a block, *kernel) as a view without a copy,
    anything else (rows, 1, columns).

    Args:
        module: one that `multiplies`.
        x: its first input.
    """
    if isinstance(module, _TRANSPOSED):
        return _transposed_windows(module, x)
    if isinstance(module, _CONVS):
        mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
        padded = F.pad(_with_samples(module, x), module._reversed_padding_repeated_twice, mode)
        return _windows(padded, module.kernel_size, module.stride, module.dilation, module.groups)
    return x.reshape(-1, 1, x.shape[-1])


def places_in(windows: Tensor) -> int:
    """How many leading axes of `patches` count places at which the whole weight is applied."""
    return 1 if windows.dim() == 3 else 1 + (windows.dim() - 3) // 2


def _with_samples(module: nn.Module, x: Tensor) -> Tensor:
    return x if x.dim() == spatial_dims(module) + 2 else x.unsqueeze(0)


def _windows(
    x: Tensor,
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
) -> Tensor:
    dims = len(kernel)
    for axis in range(dims):
        x = x.unfold(2 + axis, dilation[axis] * (kernel[axis] - 1) + 1, stride[axis])
        x = x[..., :: dilation[axis]]
    x = x.movedim(1, 1 + dims)
    split = (groups, x.shape[1 + dims] // groups)
    return x.view(*x.shape[: 1 + dims], *split, *x.shape[2 + dims :])


def _transposed_windows(module: Any, x: Tensor) -> Tensor:
    """A transposed convolution is one of the input with zeros between, its kernel turned round."""
    x = _with_samples(module, x)
    dims = range(len(module.kernel_size))
    sparse = x
    for axis in dims:
        spread = sparse.movedim(2 + axis, -1).unsqueeze(-1)
        spread = F.pad(spread, (0, module.stride[axis] - 1)).flatten(-2)
        spread = spread[..., : spread.shape[-1] - (module.stride[axis] - 1)]
        before = module.dilation[axis] * (module.kernel_size[axis] - 1) - module.padding[axis]
        spread = F.pad(spread, (before, before + module.output_padding[axis]))
        sparse = spread.movedim(-1, 2 + axis)
    ones = (1,) * len(module.kernel_size)
    windows = _windows(sparse, module.kernel_size, ones, module.dilation, 1)
    return windows.flip([windows.dim() - 1 - axis for axis in dims])
