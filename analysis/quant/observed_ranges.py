"""Range methods for activations: which interval of the values seen the codes shall cover."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor

from analysis.quant.affine import Grid
from analysis.quant.density import Density, Floats
from analysis.quant.entropy import clipped_divergence, without_spikes
from analysis.quant.formats import Format
from analysis.quant.grid_error import grid_error
from analysis.quant.levels import LevelGrid
from analysis.quant.ranges import TAIL
from analysis.quant.scales import grid_of, range_qparams
from analysis.quant.terms import RangeMethod

ObservedRange = tuple[float, float]

COARSE = np.geomspace(1.0, 1.0 / 64.0, 25)
"""Shares of the min-max range tried for each end."""

FINE = np.geomspace(1.2, 1.0 / 1.2, 25)
"""Factors tried around the best of them; 1.2 bridges the steps of `COARSE`."""

ROUNDS = 3
"""Times the ends are moved at most, in each of the two searches."""

HALVINGS = 64
"""Enough for a bisection to reach the last bit of a float64."""


def minmax_range(density: Density, format: Format) -> ObservedRange:
    """From the smallest to the largest value seen."""
    return density.low, density.high


def percentile_range(density: Density, format: Format) -> ObservedRange:
    """The 99.9 % range: one value in a thousand lies outside.

    Symmetric formats leave out the largest magnitudes, asymmetric ones half of them at each end
    (Wu et al., arXiv 2004.09602, percentile calibration). With too few values to leave one out,
    or a single value inside the range (nearly all zeros), it is the min-max range.
    """
    low, high = density.low, density.high
    dropped = density.count // (TAIL if format.symmetric else 2 * TAIL)
    if dropped == 0:
        return low, high
    if format.symmetric:
        sizes = np.unique(np.abs(density.edges))
        limit = _least(lambda x: density.below(-x) + density.above(x) <= dropped, sizes)
        inner = max(low, -limit), min(high, limit)
    else:
        inner = (
            -_least(lambda x: density.below(-x) <= dropped, -density.edges[::-1]),
            _least(lambda x: density.above(x) <= dropped, density.edges),
        )
    return inner if inner[0] < inner[1] else (low, high)


def _least(holds: Callable[[float], bool], knots: Floats) -> float:
    """The least number from which on a condition holds; it holds at the last of the knots.

    First between which knots, so that a spike on one of them is met exactly.
    """
    first = bisect_left(knots, True, key=holds)
    if first == 0:
        return float(knots[0])
    fails, least = float(knots[first - 1]), float(knots[first])
    for _ in range(HALVINGS):
        middle = (fails + least) / 2.0
        if holds(middle):
            least = middle
        else:
            fails = middle
    return least


def mse_range(density: Density, format: Format) -> ObservedRange:
    """The range with the least expected squared error at this bit-width.

    Both ends are drawn in, together and each on its own, so that one-sided inputs (after a ReLU)
    and lopsided ones are served alike: a grid search for the criterion of Nagel et al.
    (arXiv 2106.08295, section 3.1, mean squared error) over the two ends of the range. The
    min-max range is among the candidates and wins a tie.
    """
    return _searched(density, format, _squared_errors)


def entropy_range(density: Density, format: Format) -> ObservedRange:
    """The range whose quantised histogram diverges least (KL) from the one that was seen.

    The criterion of Migacz, "8-bit inference with TensorRT" (GTC 2017), see `clipped_divergence`,
    searched over both ends like `mse_range`; values that repeat do not count (`without_spikes`).
    """
    return _searched(without_spikes(density), format, _divergences)


Criterion = Callable[[Density, Grid | LevelGrid], Floats]
"""Costs of candidates, (candidates,), whose grids are one grid with scales of that shape."""


def _searched(density: Density, format: Format, criterion: Criterion) -> ObservedRange:
    if density.low == density.high:
        return density.low, density.high
    ends = np.array([min(density.low, 0.0), max(density.high, 0.0)])

    def best(candidates: Floats) -> Floats:
        clip = torch.from_numpy(candidates * ends)
        grid = grid_of(range_qparams(clip[:, 0], clip[:, 1], format), format, torch.float64)
        chosen: Floats = candidates[int(criterion(density, grid).argmin())]
        return chosen

    def descend(pair: Floats, low: Floats, high: Floats) -> Floats:
        for _ in range(ROUNDS):
            start, pair = pair, best(_moves(ends, pair, low, high))
            if np.array_equal(start, pair):
                break
        return pair

    pair = descend(np.ones(2), COARSE, COARSE)
    pair = descend(pair, pair[0] * FINE, pair[1] * FINE)
    return float(ends[0] * pair[0]), float(ends[1] * pair[1])


def _squared_errors(density: Density, grid: Grid | LevelGrid) -> Floats:
    if isinstance(grid, Grid):
        return density.squared_error(grid.scale.numpy(), grid.first.numpy(), grid.last.numpy())
    return np.array([grid_error(density, one) for one in _each(grid)])


def _divergences(density: Density, grid: Grid | LevelGrid) -> Floats:
    return np.array([clipped_divergence(density, one) for one in _each(grid)])


def _each(grid: Grid | LevelGrid) -> Iterator[Grid | LevelGrid]:
    for number in range(len(grid.scale)):
        yield grid.mapped(partial(Tensor.select, dim=0, index=number))


def _moves(ends: Floats, pair: Floats, low: Floats, high: Floats) -> Floats:
    """The pair itself, then with one end and with both ends at each of the given shares.

    An end at zero stays there whatever its share, so only the other one is moved then.
    """
    candidates = [pair[None]]
    if ends[0]:
        candidates.append(np.column_stack([low, np.full_like(low, pair[1])]))
    if ends[1]:
        candidates.append(np.column_stack([np.full_like(high, pair[0]), high]))
    if ends.all():
        candidates.append(np.column_stack([low, high]))
    capped: Floats = np.minimum(np.concatenate(candidates), 1.0)
    return capped


OBSERVED_RANGE_METHODS: Mapping[RangeMethod, Callable[[Density, Format], ObservedRange]] = {
    "minmax": minmax_range,
    "percentile": percentile_range,
    "mse": mse_range,
    "entropy": entropy_range,
}
"""Those that need no more than a histogram."""
