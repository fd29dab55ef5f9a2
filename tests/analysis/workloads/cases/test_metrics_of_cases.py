import numpy as np
import pytest

from analysis.errors import OptionError
from analysis.workloads.cases.opened import metrics_of
from analysis.workloads.data.read import read_data


def names(task: str, tmp_path, **arrays) -> list[str]:
    np.savez(tmp_path / "d.npz", **arrays)
    return [metric.name for metric in metrics_of(task, read_data(tmp_path / "d.npz"))]


X = np.random.default_rng(0).random((20, 4))


def test_labels_tell_the_metric_where_no_task_does(tmp_path):
    assert names("", tmp_path, x=X, y=np.arange(20) % 3) == ["top1"]
    assert names("", tmp_path, x=X, y=X[:, 0]) == ["rmse"]
    assert names("", tmp_path, x=X, y=np.ones((20, 5), int)) == ["perplexity"]
    assert names("", tmp_path, x=X) == []


def test_a_task_names_several(tmp_path):
    assert names("binary", tmp_path, x=X, y=np.arange(20) % 2) == ["auc", "f1", "agreement"]
    assert names("binary", tmp_path, x=X) == ["agreement"]
    with pytest.raises(OptionError, match="must be one of"):
        names("cooking", tmp_path, x=X)
