"""Metrics with their 95 % intervals, by the bootstrap over samples."""

import numpy as np

from analysis.metrics import Metric
from analysis.sensitivity.resampling import Floats, interval_ends, resample_counts


def metric_value(metric: Metric, statistics: Floats) -> float:
    """The metric over all samples; statistics of shape (samples, columns)."""
    return float(metric.finish(statistics.sum(0)))


def metric_interval(metric: Metric, statistics: Floats) -> tuple[float, float, float]:
    """The metric with its interval."""
    value = metric_value(metric, statistics)
    if len(statistics) < 2:
        return value, -float("inf"), float("inf")
    return (value, *interval_ends(metric.finish(resample_counts(len(statistics)) @ statistics)))


def paired_interval(
    metric: Metric, reference: Floats, actual: Floats
) -> tuple[float, float, float]:
    """The metric of `reference` less that of `actual`, paired over samples, with its interval."""
    value = metric_value(metric, reference) - metric_value(metric, actual)
    if len(actual) < 2:
        return value, -float("inf"), float("inf")
    counts = resample_counts(len(actual))
    change = metric.finish(counts @ reference) - metric.finish(counts @ actual)
    return (value, *interval_ends(np.asarray(change)))
