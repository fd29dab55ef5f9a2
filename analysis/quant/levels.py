"""Grids whose steps are not equal: floating-point numbers and tables of values, times a scale."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import torch
from torch import Tensor

from analysis.quant.formats import CodebookFormat, FloatFormat

BINADES = 30
"""As many as any of the formats has (E5M2: 30 with the subnormal one)."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelGrid:
    """The representable values `scale * level`, for the levels of a format.

    The scale is of the dtype to work in and broadcasts against the tensor that is rounded.
    """

    scale: Tensor
    format: FloatFormat | CodebookFormat

    def nearest(self, steps: Tensor) -> Tensor:
        """The level of each value; `steps` is the value over the scale, NaN stays NaN."""
        match self.format:
            case FloatFormat():
                return nearest_float(steps, self.format)
            case CodebookFormat():
                return nearest_in_table(steps, self.format)
        assert_never(self.format)

    def clipped(self, steps: Tensor) -> Tensor:
        """Whether a value lies beyond the grid by more than half of its outermost step."""
        below, above = self._ends
        return (steps < below) | (steps > above)

    @property
    def limits(self) -> tuple[float, float]:
        """Beyond these a value counts as clipped; for a grid of one scale."""
        below, above = self._ends
        return below * self.scale.item(), above * self.scale.item()

    @property
    def _ends(self) -> tuple[float, float]:
        values = self.format.values
        below, above = values[1] - values[0], values[-1] - values[-2]
        return values[0] - below / 2, values[-1] + above / 2

    def mapped(self, change: Callable[[Tensor], Tensor]) -> "LevelGrid":
        """The same grid, its scale rearranged."""
        return LevelGrid(change(self.scale), self.format)


def nearest_float(x: Tensor, format: FloatFormat) -> Tensor:
    """The finite float of a format next to each value; halves go to the even mantissa.

    Beyond the largest number the value saturates (OCP MX specification 1.0, section 6.3; the
    saturating conversion of OFP8). Scaling by the powers of two here is exact.
    """
    inside = x.clamp(-format.largest, format.largest)
    _, exponent = torch.frexp(inside)
    lowest = format.lowest_exponent
    # frexp has its mantissa in [0.5, 1), so its exponent is one more than that of the number.
    place = (exponent - (lowest + 1)).clamp_(0, BINADES)
    first = lowest - format.mantissa_bits
    powers = [2.0 ** (first + k) for k in range(BINADES + 1)]
    step = torch.tensor(powers, dtype=x.dtype, device=x.device)[place]
    return (inside / step).round_().mul_(step)


def nearest_in_table(x: Tensor, format: CodebookFormat) -> Tensor:
    """The value of a table next to each value; halves go up, NaN stays NaN."""
    values = torch.tensor(format.values, dtype=x.dtype, device=x.device)
    middles = (values[1:] + values[:-1]) / 2
    found = values[torch.bucketize(x.contiguous(), middles, right=True)]
    return torch.where(x.isnan(), x, found)
