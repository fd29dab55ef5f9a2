import numpy as np
import pytest
import torch
import torchmetrics.functional as oracle
from torchmetrics.functional.text import perplexity

from analysis.errors import ModelError
from analysis.metrics import Metric, Perplexity, Rmse, Top1


def _value(metric: Metric, output: torch.Tensor, target: torch.Tensor) -> float:
    halves = [slice(0, 2), slice(2, None)]
    rows = [metric.statistics(output[h], target[h]).numpy() for h in halves]
    return float(metric.finish(np.concatenate(rows).sum(0)))


def test_top1_agrees_with_torchmetrics():
    torch.manual_seed(0)
    output, target = torch.randn(40, 5), torch.randint(0, 5, (40,))
    expected = oracle.accuracy(output, target, task="multiclass", num_classes=5)
    assert _value(Top1(), output, target) == pytest.approx(float(expected))


def test_top1_of_tokens_counts_every_token():
    output = torch.eye(4).expand(3, 4, 4)
    target = torch.arange(4).expand(3, 4).clone()
    target[0, 0] = 3
    assert _value(Top1(), output, target) == pytest.approx(11 / 12)


def test_perplexity_agrees_with_torchmetrics():
    torch.manual_seed(0)
    output, target = torch.randn(9, 6, 11), torch.randint(0, 11, (9, 6))
    expected = perplexity(output, target)
    assert _value(Perplexity(), output, target) == pytest.approx(float(expected), rel=1e-5)


def test_rmse_agrees_with_torchmetrics():
    torch.manual_seed(0)
    output, target = torch.randn(30, 2), torch.randn(30, 2)
    expected = oracle.mean_squared_error(output, target, squared=False)
    assert _value(Rmse(), output, target) == pytest.approx(float(expected), rel=1e-5)


def test_targets_of_the_wrong_form_are_named():
    with pytest.raises(ModelError, match="class numbers"):
        Top1().statistics(torch.randn(4, 3), torch.randn(4, 3))
    with pytest.raises(ModelError, match="between 0 and 2"):
        Top1().statistics(torch.randn(4, 3), torch.tensor([0, 1, 2, 3]))
    with pytest.raises(ModelError, match="shape"):
        Rmse().statistics(torch.randn(4, 3), torch.randn(4))


def test_a_users_class_with_five_names_is_a_metric():
    assert isinstance(Top1(), Metric)
    assert not isinstance(object(), Metric)
