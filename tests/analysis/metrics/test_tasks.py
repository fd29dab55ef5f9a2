import pytest

from analysis.errors import OptionError
from analysis.metrics.tasks import TASKS, metrics_of_task


def test_every_task_has_metrics_of_different_names():
    for task in TASKS:
        names = [metric.name for metric in metrics_of_task(task, labelled=True)]
        assert names and len(names) == len(set(names))


def test_without_labels_those_against_float_are_left():
    assert [x.name for x in metrics_of_task("embeddings", labelled=False)] == ["cosine"]
    assert metrics_of_task("regression", labelled=False) == ()


def test_other_tasks_are_told():
    with pytest.raises(OptionError, match="one of classification"):
        metrics_of_task("translation", labelled=True)
