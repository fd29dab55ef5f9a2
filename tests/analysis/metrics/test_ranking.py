import pytest
import torch
from torchmetrics.functional.retrieval import retrieval_hit_rate, retrieval_normalized_dcg

from analysis.errors import ModelError
from analysis.metrics import HitRate, Ndcg
from tests.metric_values import value


@pytest.fixture
def lists():
    torch.manual_seed(0)
    return torch.randn(40, 30), torch.randint(0, 30, (40,))


def test_hit_rate_and_ndcg_agree_with_torchmetrics(lists):
    output, place = lists
    wanted = torch.zeros(40, 30, dtype=torch.bool)
    wanted[torch.arange(40), place] = True
    for metric, oracle in ((HitRate(5), retrieval_hit_rate), (Ndcg(5), retrieval_normalized_dcg)):
        each = [
            oracle(scores, right, top_k=5) for scores, right in zip(output, wanted, strict=True)
        ]
        expected = float(torch.stack(each).mean())
        assert value(metric, output, place) == pytest.approx(expected, rel=1e-5)
        assert value(metric, output, wanted) == pytest.approx(expected, rel=1e-5)


def test_ndcg_of_graded_relevance_agrees_with_torchmetrics(lists):
    output, _ = lists
    relevance = torch.randint(0, 4, (40, 30))
    each = [
        retrieval_normalized_dcg(scores, right, top_k=10)
        for scores, right in zip(output, relevance, strict=True)
    ]
    assert value(Ndcg(10), output, relevance) == pytest.approx(
        float(torch.stack(each).mean()), rel=1e-5
    )


def test_equal_scores_rank_nothing():
    output, place = torch.zeros(4, 20), torch.tensor([0, 5, 10, 19])
    assert value(HitRate(10), output, place) == 0.0


def test_lists_without_a_wanted_candidate_do_not_count():
    output = torch.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]])
    relevance = torch.tensor([[1, 0, 0], [0, 0, 0]])
    assert value(HitRate(1), output, relevance) == 1.0
    assert value(Ndcg(1), output, relevance) == 1.0


def test_outputs_that_are_no_lists_are_named():
    with pytest.raises(ModelError, match="lists, candidates"):
        HitRate().statistics(torch.randn(4, 3, 2), torch.zeros(4, dtype=torch.long))
