import numpy as np
import pytest
import torch
from torchmetrics.classification import MulticlassCohenKappa
from torchmetrics.functional.regression import r2_score
from torchmetrics.regression import R2Score

from analysis.errors import ModelError, WorkloadError
from analysis.metrics import UserMetric
from analysis.sensitivity.intervals import metric_interval
from tests.metric_values import value


class LargestError:
    """The kind of class that a user writes."""

    def __init__(self) -> None:
        self.largest = 0.0

    def update(self, output, target) -> None:
        self.largest = max(self.largest, float((output - target).abs().max()))

    def compute(self) -> float:
        return self.largest


def rows_of(metric, output, target):
    rows = metric.statistics(output, target).numpy()
    return np.concatenate([np.ones((len(rows), 1)), rows], 1)


def test_a_small_class_is_a_metric_with_an_interval():
    torch.manual_seed(0)
    output, target = torch.randn(50, 2, 3), torch.randn(50, 2, 3)
    metric = UserMetric(LargestError, "largest_error", "lower", "mse")
    expected = float((output - target).abs().max())
    found, low, high = metric_interval(metric, rows_of(metric, output, target))
    assert found == pytest.approx(expected)
    assert 0 < low <= high == pytest.approx(expected)


def test_metrics_of_torchmetrics_serve_as_they_are():
    torch.manual_seed(0)
    output, target = torch.randn(40, 3), torch.randint(0, 3, (40,))
    kappa = UserMetric(lambda: MulticlassCohenKappa(3), "kappa", "higher")
    oracle = MulticlassCohenKappa(3)
    assert value(kappa, output, target) == pytest.approx(float(oracle(output, target)))
    scores, right = torch.randn(40), torch.randn(40)
    fit = UserMetric(R2Score, "r2", "higher", "mse")
    assert value(fit, scores, right) == pytest.approx(float(r2_score(scores, right)))


def test_a_slow_metric_can_do_without_an_interval():
    output, target = torch.randn(20, 2), torch.randn(20, 2)
    metric = UserMetric(LargestError, "largest_error", "lower", "mse", resamples="none")
    found, low, high = metric_interval(metric, rows_of(metric, output, target))
    assert np.isfinite(found) and (low, high) == (-np.inf, np.inf)


def test_outputs_too_large_to_be_kept_are_refused():
    metric = UserMetric(LargestError, "largest_error", "lower")
    with pytest.raises(ModelError, match="at most 4,096 values"):
        metric.statistics(torch.randn(2, 65, 64), torch.zeros(2))


def test_a_figure_that_is_no_number_is_told():
    class Broken(LargestError):
        def compute(self):
            return torch.zeros(2)

    metric = UserMetric(Broken, "broken", "lower")
    with pytest.raises(WorkloadError, match="metric broken must give one number"):
        value(metric, torch.randn(4, 2), torch.randn(4, 2))
