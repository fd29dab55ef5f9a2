"""Metrics with their 95 % intervals, by the bootstrap over samples."""

import numpy as np

from analysis.metrics import Metric, figure, figures
from analysis.sensitivity.resampling import Floats, interval_ends, resample_counts

NO_INTERVAL = -float("inf"), float("inf")


def metric_value(metric: Metric, statistics: Floats) -> float:
    """The metric over all samples; statistics of `statistics_rows`, (samples, columns)."""
    return figure(metric, statistics)


def metric_interval(metric: Metric, statistics: Floats) -> tuple[float, float, float]:
    """The metric with its interval."""
    value = metric_value(metric, statistics)
    if len(statistics) < 2:
        return value, *NO_INTERVAL
    return value, *_ends(figures(metric, statistics, resample_counts(len(statistics))))


def paired_interval(
    metric: Metric, reference: Floats, actual: Floats
) -> tuple[float, float, float]:
    """The metric of `reference` less that of `actual`, paired over samples, with its interval."""
    value = metric_value(metric, reference) - metric_value(metric, actual)
    if len(actual) < 2:
        return value, *NO_INTERVAL
    counts = resample_counts(len(actual))
    return value, *_ends(figures(metric, reference, counts) - figures(metric, actual, counts))


def _ends(estimates: Floats) -> tuple[float, float]:
    """Over the resamples that have a figure; infinite where fewer than half have one.

    A resample of one class has no area under a curve.
    """
    known = estimates[~np.isnan(estimates)]
    if 2 * len(known) < len(estimates):
        return NO_INTERVAL
    low, high = interval_ends(known)
    return float(low), float(high)
