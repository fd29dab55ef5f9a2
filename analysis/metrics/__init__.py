"""Task metrics: statistics of each sample, and a figure with its interval from them.

torchmetrics is the oracle in the tests.
"""

from analysis.metrics.against_float import Agreement, Cosine, NextTokenAgreement
from analysis.metrics.areas import Auc
from analysis.metrics.classes import F1, Top1, Top5
from analysis.metrics.detection import MeanAveragePrecision
from analysis.metrics.metric import (
    FloatMetric,
    Metric,
    PooledMetric,
    SummedMetric,
    Totals,
    figure,
    figures,
    stacked,
    statistics_rows,
    target_of,
)
from analysis.metrics.ranking import HitRate, Ndcg
from analysis.metrics.regression import AbsRel, Delta1, Mae, Rmse
from analysis.metrics.retrieval import RetrievalRecall
from analysis.metrics.segmentation import MeanIou
from analysis.metrics.tokens import Perplexity
from analysis.metrics.user import Accumulator, UserMetric

__all__ = [
    "F1",
    "AbsRel",
    "Accumulator",
    "Agreement",
    "Auc",
    "Cosine",
    "Delta1",
    "FloatMetric",
    "HitRate",
    "Mae",
    "MeanAveragePrecision",
    "MeanIou",
    "Metric",
    "Ndcg",
    "NextTokenAgreement",
    "Perplexity",
    "PooledMetric",
    "RetrievalRecall",
    "Rmse",
    "SummedMetric",
    "Top1",
    "Top5",
    "Totals",
    "UserMetric",
    "figure",
    "figures",
    "stacked",
    "statistics_rows",
    "target_of",
]
