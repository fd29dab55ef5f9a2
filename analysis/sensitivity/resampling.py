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


def interval_ends(estimates: Floats) -> tuple[float, float]:
    """The 2.5 % and 97.5 % quantiles, linear between neighbours.

    By hand, because `np.quantile` takes ten times as long for so few numbers.
    """
    ordered = np.sort(estimates)
    place = (len(ordered) - 1) * (1 - LEVEL) / 2
    below, part = int(place), place - int(place)
    low = ordered[below] * (1 - part) + ordered[below + 1] * part
    high = ordered[-1 - below] * (1 - part) + ordered[-2 - below] * part
    return float(low), float(high)


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """Mean of per-sample values with its interval; one sample gives (mean, 0, inf)."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, 0.0, float("inf")
    if not np.isfinite(values).all():
        return mean, mean, mean
    counts = resample_counts(len(values))
    return (mean, *interval_ends(counts @ values / len(values)))
