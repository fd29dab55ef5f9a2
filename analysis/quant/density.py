"""What a histogram knows of a tensor, as a function that can be integrated."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.quant.cumulated import FEW_LEVELS, cumulated_error

Floats = NDArray[np.float64]

NARROW = 2.0**-10
"""A bin narrower than this many steps counts as a point: the difference of an antiderivative
over it would be lost in rounding."""

TOGETHER = 16
"""Grids judged at once: so few fit into the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """Values spread evenly over each bin; a bin of no width is a spike.

    Attributes:
        edges: float64, ascending, of shape (bins + 1,); the outer ones are the extremes seen.
        counts: float64 of shape (bins,).
    """

    edges: Floats
    counts: Floats

    @property
    def low(self) -> float:
        """Smallest value seen."""
        return float(self.edges[0])

    @property
    def high(self) -> float:
        """Largest value seen."""
        return float(self.edges[-1])

    @property
    def count(self) -> float:
        """Number of values."""
        return float(self.counts.sum())

    def below(self, limit: float) -> float:
        """How many values are smaller than the limit."""
        return self._left_of(limit, int(np.searchsorted(self.edges, limit, side="left")) - 1)

    def above(self, limit: float) -> float:
        """How many values are larger than the limit."""
        bin_ = int(np.searchsorted(self.edges, limit, side="right")) - 1
        return self.count - self._left_of(limit, bin_)

    def _left_of(self, limit: float, bin_: int) -> float:
        """Values in the bins before `bin_` and in its part left of the limit."""
        if bin_ < 0:
            return 0.0
        if bin_ >= self.counts.size:
            return self.count
        left, right = self.edges[bin_], self.edges[bin_ + 1]
        inside = self.counts[bin_] * (limit - left) / (right - left)
        return float(self.counts[:bin_].sum() + inside)

    def squared_error(self, scale: Floats, first: Floats, last: Floats) -> Floats:
        """Expected sum of squared rounding and clipping errors, for each of several grids.

        Each bin is integrated exactly: with u = x / scale and k the nearest whole number from
        `first` to `last`, the antiderivative of (u - k)^2 is k / 12 + (u - k)^3 / 3, which is
        continuous over all u. So the rounding error is right for grids finer and coarser than
        the bins. Grids of few levels take the shorter way of `cumulated_error`.

        Args:
            scale: of shape (grids,).
            first: lowest multiple of the scale in the grid, same shape.
            last: highest multiple, same shape.
        """
        levels = last - first
        if levels.max() < FEW_LEVELS and levels.min() == levels.max():
            return cumulated_error(self.edges, self.counts, scale, first, last)
        parts = [slice(at, at + TOGETHER) for at in range(0, len(scale), TOGETHER)]
        totals = [self._squared_error(scale[x], first[x], last[x]) for x in parts]
        return np.concatenate(totals)

    def _squared_error(self, scale: Floats, first: Floats, last: Floats) -> Floats:
        u = self.edges / scale[:, None]
        k = np.rint(u)
        np.maximum(k, first[:, None], out=k)
        np.minimum(k, last[:, None], out=k)
        error = u - k
        integral = error * error
        integral *= error / 3.0
        integral += k / 12.0
        width = np.diff(u)
        at, bin_ = (width < NARROW).nonzero()
        width[at, bin_] = 1.0
        mean = np.diff(integral)
        mean /= width
        middle = (u[at, bin_] + u[at, bin_ + 1]) / 2.0
        mean[at, bin_] = (middle - np.clip(np.rint(middle), first[at], last[at])) ** 2
        total: Floats = (mean @ self.counts) * scale**2
        return total

    def error_on(self, levels: Floats) -> float:
        """Expected sum of squared errors when each value goes to the nearest of some levels.

        Exact as in `squared_error`: with v the level next to u, the antiderivative of (u - v)^2 is
        (u - v)^3 / 3 plus gap^3 / 12 for each gap between levels that was passed, counted from
        the level next to zero, where the gaps of floating-point grids are finest.

        Args:
            levels: at least two, ascending.
        """
        gaps = np.diff(levels)
        passed = _sums_from(int(np.abs(levels).argmin()), gaps**3 / 12.0)
        near = np.searchsorted(levels[1:] - gaps / 2.0, self.edges)
        error = self.edges - levels[near]
        width = np.diff(self.edges)
        point = width < NARROW * gaps.min()
        mean = np.diff(passed[near] + error**3 / 3.0) / np.where(point, 1.0, width)
        middle = (self.edges[:-1] + self.edges[1:]) / 2.0
        nearest = levels[np.searchsorted(levels[1:] - gaps / 2.0, middle)]
        mean = np.where(point, (middle - nearest) ** 2, mean)
        return float(mean @ self.counts)


def _sums_from(start: int, steps: Floats) -> Floats:
    """Running sums over the steps between neighbouring places, 0 at one of the places."""
    up, down = np.cumsum(steps[start:]), np.cumsum(steps[:start][::-1])[::-1]
    sums: Floats = np.concatenate([-down, [0.0], up])
    return sums
