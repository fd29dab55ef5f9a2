"""A bounded summary of a stream of tensors: exact counts on a grid that widens itself."""

from math import floor, frexp, inf, isfinite

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.errors import ModelError
from analysis.quant.affine import QParams, working_dtype
from analysis.quant.criteria import TILE
from analysis.quant.density import Density
from analysis.quant.moments import Moments
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import Histogram, TensorStats

LOWEST_EXPONENT = -120
"""Finest bins: 2^-120 wide, so that the width and its reciprocal are normal float32 numbers."""

FAR = 4.0
"""Standard deviations beyond which a value counts as an outlier."""


MOVING = 0.01
"""Weight of the newest sample in a moving range."""


class Observer:
    """Collects what ranges, histograms and statistics need, in memory that does not grow.

    Bin k holds the values in [k * 2^e, (k + 1) * 2^e). When the values outgrow the bins, e rises
    by one and pairs of bins are merged, so the counts are those of all the values on the final
    grid, whatever the order in which they came. The grid uses between half and all of `bins`.

    Attributes:
        minimum: smallest value seen; inf before the first.
        maximum: largest value seen; -inf before the first.
        zeros: number of exact zeros.
        qparams: what was found from these values by spec; forgotten with the next update, because
            searching a range takes as long as running a small layer.
    """

    def __init__(self, bins: int = 2048) -> None:
        if bins < 2:
            raise ValueError(f"An observer needs at least 2 bins, not {bins}.")
        self.minimum = inf
        self.maximum = -inf
        self.zeros = 0
        self.qparams: dict[QuantSpec, QParams] = {}
        self._moving: NDArray[np.float64] | None = None
        self._moments = Moments()
        self._exponent = LOWEST_EXPONENT
        self._start = 0
        # In numpy: a tensor made under inference_mode could not be updated outside it.
        self._counts = np.zeros(bins, dtype=np.int64)

    @property
    def count(self) -> int:
        """Number of values seen."""
        return self._moments.count

    def update(self, x: Tensor) -> None:
        """Take in a float tensor of any shape; an empty one changes nothing.

        Raises:
            ModelError: a value is NaN or infinite; nothing of the tensor was taken in.
        """
        if not x.is_floating_point():
            raise ValueError(f"An observer takes float tensors, not {x.dtype}.")
        if x.numel() == 0:
            return
        values = x.detach().reshape(-1).to(working_dtype(x.dtype))
        low, high = (extreme.item() for extreme in values.aminmax())
        if not (isfinite(low) and isfinite(high)):
            bad = int((~values.isfinite()).sum())
            raise ModelError(
                f"The inputs of a layer must be finite, but {bad:,} of {values.numel():,} values "
                "are NaN or infinite; check the model and its data."
            )
        self.qparams.clear()
        self._move(x.detach().reshape(len(x), -1) if x.dim() > 1 else values[None])
        self._make_room(low, high)
        for tile in torch.split(values, TILE):
            self._take(tile)

    def _move(self, samples: Tensor) -> None:
        """Take each sample's extremes into the moving ones, one after the other."""
        # Not aminmax: along an axis it takes twenty times as long as the two apart (torch 2.13).
        both = [samples.amin(1), samples.amax(1)]
        extremes = torch.stack(both, dim=1).double().numpy()
        start = extremes[0] if self._moving is None else self._moving
        kept = (1.0 - MOVING) ** np.arange(len(extremes), -1.0, -1.0)
        shares = np.append(1.0, np.full(len(extremes), MOVING)) * kept
        self._moving = shares @ np.vstack([start, extremes])

    def _make_room(self, low: float, high: float) -> None:
        """Widen or move the grid so that it holds the new extremes as well."""
        self.minimum, self.maximum = min(self.minimum, low), max(self.maximum, high)
        exponent = _grid_exponent(self.minimum, self.maximum, self._counts.size)
        first, last = self._occupied(exponent)
        held = self._start <= first and last < self._start + self._counts.size
        if exponent == self._exponent and held:
            return
        self._counts = self._on_grid(exponent, first, self._counts.size)
        self._exponent, self._start = exponent, first

    def _occupied(self, exponent: int) -> tuple[int, int]:
        """Bins of the extremes on the grid of an exponent."""
        return floor(self.minimum / 2.0**exponent), floor(self.maximum / 2.0**exponent)

    def _on_grid(self, exponent: int, first: int, bins: int) -> NDArray[np.int64]:
        """The counts on a grid that is as coarse as ours or coarser."""
        (filled,) = self._counts.nonzero()
        merged = ((filled + self._start) >> (exponent - self._exponent)) - first
        counts = np.zeros(bins, dtype=np.int64)
        np.add.at(counts, merged, self._counts[filled])
        return counts

    def _take(self, tile: Tensor) -> None:
        first, last = self._occupied(self._exponent)
        # Scaling by a power of two and the floor are exact, so a value is always in its own bin;
        # only a negative one that underflows to -0 can come out one bin too high.
        index = (tile * 2.0**-self._exponent).floor_().clamp_(first, last).sub_(self._start)
        bins = torch.bincount(index.to(torch.int32), minlength=self._counts.size)
        self._counts += bins.numpy()
        self.zeros += tile.numel() - int(np.count_nonzero(tile.numpy()))
        self._moments = self._moments.merged(Moments.of(tile))

    def moving_range(self) -> tuple[float, float]:
        """Exponential moving averages of the samples' smallest and largest values.

        The observer of torch.ao (`MovingAverageMinMaxObserver`), with a sample of the leading axis
        for its batch, so that the batch size does not matter.
        """
        self._require_values()
        assert self._moving is not None
        return float(self._moving[0]), float(self._moving[1])

    def histogram(self, bins: int = 256) -> Histogram:
        """Exact counts over at most `bins` equal bins, at least half as many.

        Zero is an edge and the bins are 2^e wide, so the outer edges lie up to one bin beyond the
        extremes. A constant sits in the middle of a range around it.
        """
        self._require_values()
        if self.minimum == self.maximum:
            return _constant_histogram(self.minimum, self.count, bins)
        exponent = max(self._exponent, _grid_exponent(self.minimum, self.maximum, bins))
        width = 2.0**exponent
        first, last = self._occupied(exponent)
        counts = self._on_grid(exponent, first, last - first + 1)
        return Histogram(first * width, (last + 1) * width, tuple(counts.tolist()))

    def density(self) -> Density:
        """The histogram for integration: the extremes are its outer edges, the zeros a spike."""
        self._require_values()
        width = 2.0**self._exponent
        first, last = self._occupied(self._exponent)
        edges = np.arange(first, last + 2, dtype=np.float64) * width
        edges[0], edges[-1] = self.minimum, self.maximum
        counts = self._counts[first - self._start : last + 1 - self._start].astype(np.float64)
        if self.zeros:
            counts[-first] -= self.zeros
            edges = np.insert(edges, -first, 0.0)
            counts = np.insert(counts, -first, self.zeros)
        return Density(edges, counts)

    def stats(self) -> TensorStats:
        """Moments and extremes; the outliers are estimated from the histogram."""
        self._require_values()
        moments = self._moments
        density = self.density()
        far = FAR * moments.std
        outside = density.below(moments.mean - far) + density.above(moments.mean + far)
        return TensorStats(
            count=self.count,
            minimum=self.minimum,
            maximum=self.maximum,
            mean=moments.mean,
            std=moments.std,
            zeros=self.zeros / self.count,
            kurtosis=moments.kurtosis,
            outliers=outside / self.count,
            constant=self.minimum == self.maximum,
        )

    def energy(self) -> float:
        """Sum of the squared values."""
        return self._moments.energy

    def _require_values(self) -> None:
        if self.count == 0:
            raise ValueError("The observer has seen no value yet; update it first.")


def _grid_exponent(low: float, high: float, bins: int) -> int:
    """The finest grid on which the values fit and have exact float32 indices."""
    exponent = max(LOWEST_EXPONENT, frexp(max(abs(low), abs(high)))[1] - 24)
    while floor(high / 2.0**exponent) - floor(low / 2.0**exponent) >= bins:
        exponent += 1
    return exponent


def _constant_histogram(value: float, count: int, bins: int) -> Histogram:
    half = abs(value) / 2.0 or 0.5
    counts = [0] * bins
    counts[bins // 2] = count
    return Histogram(value - half, value + half, tuple(counts))
