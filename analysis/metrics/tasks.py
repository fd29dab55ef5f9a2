"""The metrics of a task by its name, the main one first."""

from collections.abc import Mapping

from analysis.errors import OptionError
from analysis.metrics.against_float import Agreement, Cosine, NextTokenAgreement
from analysis.metrics.areas import Auc
from analysis.metrics.classes import F1, Top1
from analysis.metrics.detection import MeanAveragePrecision
from analysis.metrics.metric import FloatMetric, Metric
from analysis.metrics.ranking import HitRate, Ndcg
from analysis.metrics.regression import AbsRel, Delta1, Mae, Rmse
from analysis.metrics.retrieval import RetrievalRecall
from analysis.metrics.segmentation import MeanIou
from analysis.metrics.tokens import Perplexity

TASKS: Mapping[str, tuple[Metric, ...]] = {
    "classification": (Top1(), F1(), Agreement()),
    "binary": (Auc(), F1("binary"), Agreement()),
    "language-model": (Perplexity(), NextTokenAgreement()),
    "segmentation": (MeanIou(), Agreement()),
    "detection": (MeanAveragePrecision(),),
    "regression": (Rmse(), Mae()),
    "depth": (AbsRel(), Delta1(), Rmse()),
    "ratings": (Rmse(), Mae()),
    "ranking": (HitRate(), Ndcg()),
    "embeddings": (Cosine(), RetrievalRecall()),
}


def metrics_of_task(task: str, *, labelled: bool) -> tuple[Metric, ...]:
    """The metrics of a task; without labels those that compare with the float model alone.

    Raises:
        OptionError: there is no such task.
    """
    if task not in TASKS:
        raise OptionError(f"The task must be one of {', '.join(TASKS)}; not {task!r:.40}.")
    return tuple(x for x in TASKS[task] if labelled or isinstance(x, FloatMetric))
