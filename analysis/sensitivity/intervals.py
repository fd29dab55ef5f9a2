"""95 % intervals by the bootstrap over samples (Efron & Tibshirani 1993, percentile method)."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.metrics import Metric

RESAMPLES = 400
LEVEL = 0.95
Floats = NDArray[np.float64]


@lru_cache(maxsize=8)
def resample_counts(samples: int, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each sample is drawn in each resample, shape (resamples, samples).

    The same draws serve every cell, so differences between cells are paired.
    """
    generator = np.random.default_rng(seed)
    share = np.full(samples, 1 / samples)
    return generator.multinomial(samples, share, size=resamples).astype(np.float64)


def _ends(estimates: Floats) -> tuple[float, float]:
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(estimates, [tail, 1 - tail])
    return float(low), float(high)


def mean_interval(values: Floats) -> tuple[float, float, float]:
    """Mean of per-sample values with its interval; one sample gives (mean, 0, inf)."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, 0.0, float("inf")
    if not np.isfinite(values).all():
        return mean, mean, mean
    counts = resample_counts(len(values))
    return (mean, *_ends(counts @ values / len(values)))


def metric_value(metric: Metric, statistics: Floats) -> float:
    """The metric over all samples; statistics of shape (samples, columns)."""
    return float(metric.finish(statistics.sum(0)))


def metric_interval(metric: Metric, statistics: Floats) -> tuple[float, float, float]:
    """The metric with its interval."""
    value = metric_value(metric, statistics)
    if len(statistics) < 2:
        return value, -float("inf"), float("inf")
    return (value, *_ends(metric.finish(resample_counts(len(statistics)) @ statistics)))


def paired_interval(
    metric: Metric, reference: Floats, actual: Floats
) -> tuple[float, float, float]:
    """The metric of `reference` less that of `actual`, paired over samples, with its interval."""
    value = metric_value(metric, reference) - metric_value(metric, actual)
    if len(actual) < 2:
        return value, -float("inf"), float("inf")
    counts = resample_counts(len(actual))
    change = metric.finish(counts @ reference) - metric.finish(counts @ actual)
    return (value, *_ends(np.asarray(change)))
