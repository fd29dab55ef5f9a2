import pytest
import torch
from torchmetrics.functional import cosine_similarity

from analysis.metrics import Agreement, Cosine
from tests.metric_values import value


def test_agreement_counts_answers_equal_to_float():
    torch.manual_seed(0)
    exact, output = torch.randn(40, 6), torch.randn(40, 6)
    expected = (exact.argmax(1) == output.argmax(1)).float().mean()
    assert value(Agreement(), output, exact) == pytest.approx(float(expected))


def test_cosine_agrees_with_torchmetrics():
    torch.manual_seed(0)
    exact, output = torch.randn(40, 6), torch.randn(40, 6)
    expected = cosine_similarity(output, exact, reduction="mean")
    assert value(Cosine(), output, exact) == pytest.approx(float(expected), abs=1e-6)


def test_zero_embeddings_agree_with_one_another_alone():
    exact = torch.tensor([[0.0, 0.0], [0.0, 0.0], [3.0, 4.0]])
    output = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]])
    assert Cosine().statistics(output, exact)[:, 0].tolist() == [1.0, 0.0, 0.0]
