"""A metric's figure over samples that come in batches, as scores make it."""

import numpy as np
from torch import Tensor

from analysis.metrics import Metric, figure, statistics_rows


def value(metric: Metric, output: Tensor, target: Tensor) -> float:
    """The metric, from statistics of two batches."""
    halves = [slice(0, 2), slice(2, None)]
    rows = [statistics_rows(metric, output[h], target[h], target[h]) for h in halves]
    return figure(metric, np.concatenate(rows))
