import pytest
import torch
from torchmetrics.functional.text import perplexity

from analysis.metrics import NextTokenAgreement, Perplexity
from tests.metric_values import value


def test_perplexity_agrees_with_torchmetrics():
    torch.manual_seed(0)
    output, target = torch.randn(9, 6, 11), torch.randint(0, 11, (9, 6))
    assert value(Perplexity(), output, target) == pytest.approx(
        float(perplexity(output, target)), rel=1e-5
    )


def test_ignored_tokens_do_not_count():
    torch.manual_seed(0)
    output, target = torch.randn(9, 6, 11), torch.randint(0, 11, (9, 6))
    target[:, 4:] = -100
    expected = perplexity(output, target, ignore_index=-100)
    assert value(Perplexity(ignored=-100), output, target) == pytest.approx(
        float(expected), rel=1e-5
    )


def test_next_token_agreement_counts_positions():
    output = torch.eye(5).expand(4, 5, 5)
    other = output.clone()
    other[0, 0] = torch.tensor([0, 1, 0, 0, 0])
    assert value(NextTokenAgreement(), other, output) == pytest.approx(19 / 20)
