"""How a range becomes a scale, for every format, and the grid that comes of it."""

from typing import assert_never

import torch
from torch import Tensor

from analysis.quant.affine import (
    FLOAT32_MAX,
    SMALLEST_SCALE,
    Grid,
    QParams,
    affine_qparams,
    float_scale,
)
from analysis.quant.formats import (
    CodebookFormat,
    FixedPointFormat,
    FloatFormat,
    Format,
    IntFormat,
    MxFormat,
    NvFp4Format,
)
from analysis.quant.levels import LevelGrid, nearest_float

E8M0_LOWEST, E8M0_HIGHEST = -127, 127
INT8_ELEMENT_EXPONENT = -6
"""The integer elements of MXINT8 stand for code * 2^-6."""

ELEMENT_MAX = NvFp4Format.element.largest
BLOCK_SCALE_MAX = NvFp4Format.scale_format.largest
BLOCK_SCALE_MIN = 2.0 ** (
    NvFp4Format.scale_format.lowest_exponent - NvFp4Format.scale_format.mantissa_bits
)


def range_qparams(
    low: Tensor, high: Tensor, format: Format, *, largest: float = FLOAT32_MAX
) -> QParams:
    """The scales (and zero-points) that spread a format over ranges.

    Args:
        low: float64, any shape; smallest value to represent. All groups of a tensor at once, since
            NVFP4 has a scale for the tensor as well.
        high: float64, same shape; largest value to represent, `low <= high`.
        format: number format.
        largest: largest finite number of the tensor's own type.
    """
    magnitude = torch.maximum(low.abs(), high.abs())
    match format:
        case IntFormat():
            return affine_qparams(low, high, format, largest=largest)
        case FixedPointFormat():
            scale = _fixed_point_scale(low, high, format, largest)
        case FloatFormat() | CodebookFormat():
            step = magnitude / format.largest
            reach = torch.full_like(step, format.largest)
            scale = float_scale(step, magnitude, low == high, reach, largest)
            if isinstance(format, CodebookFormat) and 0.0 not in format.values:
                scale = torch.where(magnitude == 0, SMALLEST_SCALE, scale)
        case MxFormat():
            scale = _mx_scale(magnitude, format)
        case NvFp4Format():
            scale = _nvfp4_scale(magnitude)
        case _:
            assert_never(format)
    return QParams(scale, torch.zeros_like(scale, dtype=torch.int32))


def _fixed_point_scale(
    low: Tensor, high: Tensor, format: FixedPointFormat, largest: float
) -> Tensor:
    """The smallest power of two with which the range fits the codes; 1 for an all-zero range."""
    step = torch.maximum(low.clamp(max=0) / format.qmin, high.clamp(min=0) / format.qmax)
    mantissa, exponent = torch.frexp(step)
    exponent = exponent - (mantissa == 0.5).int()
    limit = torch.frexp(torch.tensor(largest / -format.qmin, dtype=torch.float64))[1] - 1
    exponent = torch.minimum(exponent, limit).clamp_(min=-149)
    return torch.where(step == 0, 1.0, torch.exp2(exponent.double())).float()


def _floor_log2(value: Tensor) -> Tensor:
    """Whole part of the binary logarithm, exact; of 0 it is -1."""
    return torch.frexp(value)[1] - 1


def _mx_scale(magnitude: Tensor, format: MxFormat) -> Tensor:
    """2^(floor(log2(max |x|)) - emax), MX specification 1.0, section 6.3.

    emax is the exponent of the element's largest number. Elements beyond that number saturate,
    which the rule allows to happen.
    """
    if isinstance(format.element, IntFormat):
        emax, implied = 0, INT8_ELEMENT_EXPONENT
    else:
        emax, implied = int(_floor_log2(torch.tensor(format.element.largest))), 0
    shared = _floor_log2(magnitude) - emax
    shared = torch.where(magnitude == 0, E8M0_LOWEST, shared)
    shared = shared.clamp_(E8M0_LOWEST, E8M0_HIGHEST) + implied
    return torch.exp2(shared.double()).float()


def _nvfp4_scale(magnitude: Tensor) -> Tensor:
    """E4M3(max |x| of the block / 6 / t) * t with t = max |x| of the tensor / (6 * 448)."""
    tensor = (magnitude.max() / (ELEMENT_MAX * BLOCK_SCALE_MAX)).float()
    tensor = torch.where(tensor == 0, 1.0, tensor)
    blocks = (magnitude / ELEMENT_MAX / tensor.double()).clamp(BLOCK_SCALE_MIN, BLOCK_SCALE_MAX)
    return (nearest_float(blocks, NvFp4Format.scale_format) * tensor.double()).float()


def grid_of(qparams: QParams, format: Format, dtype: torch.dtype) -> Grid | LevelGrid:
    """The grid of some qparams, to be used in arithmetic of `dtype`."""
    match format:
        case IntFormat() | FixedPointFormat():
            return Grid.of(qparams, format, dtype)
        case FloatFormat() | CodebookFormat():
            return LevelGrid(qparams.scale.to(dtype), format)
        case MxFormat() | NvFp4Format():
            return grid_of(qparams, format.element, dtype)
    assert_never(format)
