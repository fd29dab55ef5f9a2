import numpy as np
import pytest
import torch

from analysis.errors import WorkloadError
from analysis.metrics import (
    Agreement,
    Auc,
    FloatMetric,
    Metric,
    PooledMetric,
    SummedMetric,
    Top1,
    figure,
    figures,
    stacked,
    statistics_rows,
)
from analysis.metrics.metric import quotient
from analysis.sensitivity.intervals import metric_interval, paired_interval


def test_a_users_class_with_five_names_is_a_metric():
    assert isinstance(Top1(), Metric) and isinstance(Top1(), SummedMetric)
    assert isinstance(Auc(), PooledMetric) and not isinstance(Auc(), SummedMetric)
    assert not isinstance(object(), Metric)
    assert isinstance(Agreement(), FloatMetric) and not isinstance(Top1(), FloatMetric)


def test_no_labels_give_no_columns_but_metrics_against_float_need_none():
    output = torch.randn(5, 3)
    assert statistics_rows(Top1(), output, None, output).shape == (5, 0)
    assert statistics_rows(None, output, None, output).shape == (5, 0)
    assert figure(Agreement(), statistics_rows(Agreement(), output, None, output)) == 1.0


@pytest.mark.parametrize("metric", [Top1(), Auc()])
def test_a_resample_is_the_figure_of_its_samples(metric):
    torch.manual_seed(0)
    output, target = torch.randn(30, 2), torch.randint(0, 2, (30,))
    rows = statistics_rows(metric, output, target, output)
    counts = np.random.default_rng(0).integers(0, 4, (6, 30)).astype(float)
    found = figures(metric, rows, counts)
    for row, times in zip(found, counts.astype(int), strict=True):
        places = np.repeat(np.arange(30), times)
        assert row == pytest.approx(figure(metric, rows[places]))


@pytest.mark.parametrize("metric", [Top1(), Auc()])
def test_rows_multiplied_with_a_weight_count_that_much(metric):
    torch.manual_seed(0)
    output, target = torch.randn(30, 2), torch.randint(0, 2, (30,))
    rows = statistics_rows(metric, output, target, output)
    weights = np.random.default_rng(0).integers(1, 5, 30)
    weighted = figure(metric, rows * weights[:, None])
    assert weighted == pytest.approx(figure(metric, np.repeat(rows, weights, axis=0)))


def test_resamples_without_a_figure_do_not_count():
    rows = np.array([[1.0, 1.0, 0.3, 1.0], [1.0, 1.0, 0.1, 0.0], [1.0, 1.0, 0.2, 0.0]])
    value, low, high = metric_interval(Auc(), rows)
    assert (value, low, high) == (1.0, 1.0, 1.0)
    alone = rows[[0, 0, 0]]
    assert metric_interval(Auc(), alone)[1:] == (-np.inf, np.inf)


def test_the_interval_of_a_difference_is_paired():
    torch.manual_seed(0)
    output, target = torch.randn(200, 2), torch.randint(0, 2, (200,))
    rows = statistics_rows(Auc(), output, target, output)
    assert paired_interval(Auc(), rows, rows) == (0.0, 0.0, 0.0)
    worse = statistics_rows(Auc(), output + torch.randn(200, 2), target, output)
    value, low, high = paired_interval(Auc(), rows, worse)
    assert low < value < high and high - low < 0.5


def test_batches_with_and_without_targets_are_told():
    with pytest.raises(WorkloadError, match="All batches must have targets, or none"):
        stacked([np.ones((3, 2)), np.ones((3, 0))])
    assert stacked([np.ones((3, 2)), np.ones((1, 2))]).shape == (4, 2)


def test_nothing_counted_has_no_quotient():
    assert np.isnan(quotient(np.array([0.0, 0.0])))
