from analysis import metrics
from analysis.metric_names import SHARES, metric_title


def test_ranked_metrics_keep_their_place_in_the_title():
    assert [metric_title(name) for name in ("hr@10", "ndcg@5", "recall@1", "top1", "own")] == [
        "HR@10",
        "NDCG@5",
        "recall@1",
        "top-1",
        "own",
    ]


def test_shares_are_metrics_of_the_library():
    made = {metrics.HitRate(10).name, metrics.RetrievalRecall(1).name, metrics.Delta1().name}
    made |= {metrics.Top1().name, metrics.Agreement().name, metrics.NextTokenAgreement().name}
    assert made <= SHARES
    assert not {metrics.Rmse().name, metrics.Perplexity().name, metrics.Auc().name} & SHARES
