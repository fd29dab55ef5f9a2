"""The squared error of coarse grids on a histogram, from its cumulated sums."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEW_LEVELS = 64
"""Up to so many levels this is faster than integrating every bin (2,048 of them). The error is a
difference of sums as large as the signal; 64 levels leave at least nine digits of it."""


def cumulated_error(
    edges: Floats, counts: Floats, scale: Floats, first: Floats, last: Floats
) -> Floats:
    """Expected sum of squared errors of grids that have the same number of levels.

    With t_k the border between the codes k and k + 1, and N, S, Q the cumulated number, sum and
    sum of squares of the values, the sum over codes of the integral of (x - scale k)^2 is, summed
    by parts, Q - 2 scale (last S - sum S(t_k)) + scale^2 (last^2 N - sum (2k + 1) N(t_k)).

    Args:
        edges: ascending, (bins + 1,); values spread evenly over each bin.
        counts: values in each bin, (bins,).
        scale: (grids,).
        first: lowest multiple of the scale in the grid, same shape.
        last: highest multiple, same shape.
    """
    width = np.diff(edges)
    low, high = edges[:-1], edges[1:]
    number = np.concatenate([[0.0], np.cumsum(counts)])
    total = np.concatenate([[0.0], np.cumsum(counts * (low + high) / 2.0)])
    squares = float((counts * (low * low + low * high + high * high)).sum()) / 3.0
    k = first[:, None] + np.arange(int(last[0] - first[0]))
    wanted = scale[:, None] * (k + 0.5)
    border = np.clip(wanted, edges[0], edges[-1])
    bin_ = np.searchsorted(edges, border.ravel(), side="right").reshape(border.shape) - 1
    bin_ = np.minimum(bin_, len(counts) - 1)
    inside = border - edges[bin_]
    # A spike is passed as a whole: the border lies on it or beyond.
    share = np.divide(inside, width[bin_], out=np.ones_like(inside), where=width[bin_] > 0)
    part = counts[bin_] * share
    reached = wanted >= edges[0]
    below = np.where(reached, number[bin_] + part, 0.0)
    sums = np.where(reached, total[bin_] + part * (edges[bin_] + inside / 2.0), 0.0)
    linear = last * total[-1] - sums.sum(1)
    constant = last * last * number[-1] - ((2.0 * k + 1.0) * below).sum(1)
    error: Floats = squares - 2.0 * scale * linear + scale * scale * constant
    # rounding can leave -1e-12 of the signal where the grid holds every value
    return np.maximum(error, 0.0)
