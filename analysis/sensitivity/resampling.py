"""95 % intervals by the bootstrap over samples (Efron & Tibshirani 1993, percentile method)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 400
LEVEL = 0.95
Floats = NDArray[np.float64]


@lru_cache(maxsize=4)  # one for each stage of a sweep; of 10,000 samples each takes 32 MB
def resample_counts(samples: int, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each sample is drawn in each resample, shape (resamples, samples).

    The same draws serve every cell, so differences between cells are paired.
    """
    generator = np.random.default_rng(seed)
    share = np.full(samples, 1 / samples)
    return generator.multinomial(samples, share, size=resamples).astype(np.float64)


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """Mean of per-sample values with its interval; one sample gives (mean, 0, inf)."""
    (mean,), (low,), (high,) = mean_intervals(values[np.newaxis])
    return float(mean), float(low), float(high)


def mean_intervals(values: Floats) -> tuple[Floats, Floats, Floats]:
    """`mean_interval` of each row, of (rows, samples); the same whatever rows are asked together.

    A row with an infinite value or NaN has no interval but its mean.
    """
    means = np.ascontiguousarray(values).mean(axis=1)
    samples = values.shape[1]
    if samples < 2:
        return means, np.zeros_like(means), np.full_like(means, np.inf)
    finite = np.isfinite(values).all(axis=1)
    low, high = means.copy(), means.copy()
    resampled = np.matmul(resample_counts(samples), values[finite][..., np.newaxis])[..., 0]
    low[finite], high[finite] = interval_ends(resampled / samples)
    return means, low, high


def interval_ends(estimates: Floats) -> tuple[Floats, Floats]:
    """The 2.5 % and 97.5 % quantiles of each row, linear between neighbours.

    By hand, because `np.quantile` takes ten times as long for so few numbers.
    """
    ordered = np.sort(estimates, axis=-1)
    place = (ordered.shape[-1] - 1) * (1 - LEVEL) / 2
    below, part = int(place), place - int(place)
    low = ordered[..., below] * (1 - part) + ordered[..., below + 1] * part
    high = ordered[..., -1 - below] * (1 - part) + ordered[..., -2 - below] * part
    return low, high
