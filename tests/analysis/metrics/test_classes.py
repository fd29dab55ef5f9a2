import pytest
import torch
import torchmetrics.functional as oracle

from analysis.errors import ModelError
from analysis.metrics import F1, Top1, Top5
from tests.metric_values import value


@pytest.fixture
def scores():
    torch.manual_seed(0)
    return torch.randn(60, 7), torch.randint(0, 7, (60,))


def test_top1_agrees_with_torchmetrics(scores):
    expected = oracle.accuracy(scores[0], scores[1], task="multiclass", num_classes=7)
    assert value(Top1(), *scores) == pytest.approx(float(expected))


def test_top1_of_tokens_counts_every_token():
    output = torch.eye(4).expand(3, 4, 4)
    target = torch.arange(4).expand(3, 4).clone()
    target[0, 0] = 3
    assert value(Top1(), output, target) == pytest.approx(11 / 12)


def test_top5_agrees_with_torchmetrics(scores):
    expected = oracle.accuracy(
        scores[0], scores[1], task="multiclass", num_classes=7, top_k=5, average="micro"
    )
    assert value(Top5(), *scores) == pytest.approx(float(expected))


def test_macro_f1_agrees_with_torchmetrics(scores):
    expected = oracle.f1_score(
        scores[0], scores[1], task="multiclass", num_classes=7, average="macro"
    )
    assert value(F1(), *scores) == pytest.approx(float(expected))


def test_binary_f1_takes_two_scores_or_one_logit():
    torch.manual_seed(1)
    logits, target = torch.randn(50), torch.randint(0, 2, (50,))
    expected = float(oracle.f1_score(logits.sigmoid(), target, task="binary"))
    both = torch.stack([-logits, logits], 1)
    assert value(F1("binary"), logits, target) == pytest.approx(expected)
    assert value(F1("binary"), both, target) == pytest.approx(expected)


def test_f1_without_any_hit_is_zero():
    output = torch.eye(3)[[1, 1, 2, 2]]
    assert value(F1(), output, torch.tensor([0, 0, 0, 1])) == 0.0


def test_targets_of_the_wrong_form_are_named():
    with pytest.raises(ModelError, match="class numbers"):
        Top1().statistics(torch.randn(4, 3), torch.randn(4, 3))
    with pytest.raises(ModelError, match="between 0 and 2"):
        Top1().statistics(torch.randn(4, 3), torch.tensor([0, 1, 2, 3]))
    with pytest.raises(ModelError, match="at least 5 classes"):
        Top5().statistics(torch.randn(4, 3), torch.tensor([0, 1, 2, 0]))
    with pytest.raises(ModelError, match="needs two classes"):
        F1("binary").statistics(torch.randn(4, 3), torch.tensor([0, 1, 2, 0]))
