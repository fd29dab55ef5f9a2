"""The affine map between real values and integer codes, and how a range becomes one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from analysis.quant.formats import FixedPointFormat, IntFormat

FLOAT32_MAX = torch.finfo(torch.float32).max
SMALLEST_SCALE = 2.0**-149
"""The smallest positive float32; a subnormal one still divides exactly."""


@dataclass(frozen=True, slots=True, eq=False)
class QParams:
    """Scale and zero-point of ``q = clamp(round(x / scale) + zero_point, qmin, qmax)``.

    The map is that of Nagel et al. (arXiv 2106.08295, section 2.2). Halves round to even, as in
    torch, here and everywhere else.

    Attributes:
        scale: float32, positive and finite. Shape () for an activation, (rows, groups) for a
            weight: a row is an output channel (per-tensor has one row), a group a run of
            consecutive weights in it (one but for per-group).
        zero_point: int32 code of the value 0, of the same shape.
    """

    scale: Tensor
    zero_point: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class CodeRanges:
    """Integer formats side by side, all symmetric or none.

    Attributes:
        qmin: int32, of a shape that broadcasts against (formats, rows, groups).
        qmax: likewise.
    """

    symmetric: bool
    qmin: Tensor
    qmax: Tensor

    @classmethod
    def of(cls, formats: Sequence[IntFormat]) -> "CodeRanges":
        """The formats in their order, (formats, 1, 1)."""
        ends = torch.tensor([(f.qmin, f.qmax) for f in formats], dtype=torch.int32)
        return cls(formats[0].symmetric, *ends.reshape(-1, 1, 1, 2).unbind(-1))


def affine_qparams(
    low: Tensor, high: Tensor, format: IntFormat | CodeRanges, *, largest: float = FLOAT32_MAX
) -> QParams:
    """The qparams that spread the codes over a range.

    - An asymmetric range is widened to include 0, so that 0 has a code of its own.
    - The scale is rounded up to float32, so that min-max ranges clip nothing.
    - Where `low == high` (a constant c) the scale is |c| and the code 1 or -1, which brings c
      back exactly; a constant 0 takes scale 1.
    - The scale is held so small that the codes in use stand for finite numbers.

    Args:
        low: float64, any shape; smallest value to represent.
        high: float64, same shape; largest value to represent, `low <= high`.
        format: number format, or several that broadcast against the ranges.
        largest: largest finite number of the tensor's own type.
    """
    levels = torch.as_tensor(format.qmax - format.qmin, dtype=torch.float64)
    magnitude = torch.maximum(low.abs(), high.abs())
    constant = low == high
    if format.symmetric:
        bottom, step = -magnitude, magnitude / format.qmax
    else:
        bottom = low.clamp(max=0.0)
        step = high.clamp(min=0.0) / levels - bottom / levels
    scale = _rounded_scale(step, magnitude, constant)
    if format.symmetric:
        zero_point = torch.zeros_like(scale)
    else:
        zero_point = torch.minimum((-bottom / scale.double()).round_().clamp_(min=0.0), levels)
    reach = torch.maximum(zero_point - format.qmin, format.qmax - zero_point).double()
    scale = _held_finite(scale, constant, reach, largest)
    return QParams(scale, zero_point.to(torch.int32))


def float_scale(
    step: Tensor, magnitude: Tensor, constant: Tensor, reach: Tensor, largest: float
) -> Tensor:
    """A float32 scale from the one wanted, by the rules of `affine_qparams`.

    Args:
        step: wanted scale, float64.
        magnitude: largest magnitude of the range.
        constant: whether the range is a single value; it is then the scale.
        reach: largest magnitude of a code in use.
        largest: largest finite number of the tensor's own type.
    """
    return _held_finite(_rounded_scale(step, magnitude, constant), constant, reach, largest)


def _rounded_scale(step: Tensor, magnitude: Tensor, constant: Tensor) -> Tensor:
    step = torch.where(constant, magnitude, step)
    step = torch.where(magnitude == 0.0, 1.0, step.clamp(SMALLEST_SCALE, FLOAT32_MAX))
    return _round_up_to_float32(step)


def _held_finite(scale: Tensor, constant: Tensor, reach: Tensor, largest: float) -> Tensor:
    # One part in four million below the limit: float32 rounding must not reach infinity.
    limit = ((1.0 - 2.0**-22) * largest / reach).clamp_(max=FLOAT32_MAX).float()
    return torch.where(constant, scale, torch.minimum(scale, limit))


def _round_up_to_float32(value: Tensor) -> Tensor:
    rounded = value.float()
    above = torch.nextafter(rounded, torch.full_like(rounded, FLOAT32_MAX))
    return torch.where(rounded.double() < value, above, rounded)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The representable values `scale * k`, for whole k from `first` to `last`.

    Here k is a code less its zero-point. All three are of one dtype and broadcast against the
    tensor that is rounded.
    """

    scale: Tensor
    first: Tensor
    last: Tensor

    @classmethod
    def of(
        cls,
        qparams: QParams,
        format: IntFormat | FixedPointFormat | CodeRanges,
        dtype: torch.dtype,
    ) -> "Grid":
        """The grid of some qparams, to be used in arithmetic of `dtype`."""
        zero_point = qparams.zero_point
        return cls(
            qparams.scale.to(dtype),
            (format.qmin - zero_point).to(dtype),
            (format.qmax - zero_point).to(dtype),
        )

    def nearest(self, steps: Tensor) -> Tensor:
        """The k of each value; `steps` is the value over the scale, NaN stays NaN."""
        rounded = steps.round()
        torch.maximum(rounded, self.first, out=rounded)
        return torch.minimum(rounded, self.last, out=rounded)

    def clipped(self, steps: Tensor) -> Tensor:
        """Whether a value lies beyond the grid by more than the half step of rounding."""
        return (steps < self.first - 0.5) | (steps > self.last + 0.5)

    @property
    def limits(self) -> tuple[float, float]:
        """Beyond these a value counts as clipped; for a grid of one scale."""
        return (
            (self.scale * (self.first - 0.5)).item(),
            (self.scale * (self.last + 0.5)).item(),
        )

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "Grid":
        """The same grid, its tensors rearranged."""
        return Grid(change(self.scale), change(self.first), change(self.last))


def working_dtype(dtype: torch.dtype) -> torch.dtype:
    """The dtype to round in: float64 for float64 and float32 for everything narrower."""
    return torch.float64 if dtype == torch.float64 else torch.float32
