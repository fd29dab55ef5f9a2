import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_auroc, multiclass_auroc

from analysis.errors import ModelError
from analysis.metrics import Auc
from analysis.metrics.areas import area
from tests.metric_values import value


def test_binary_auc_agrees_with_torchmetrics_also_with_ties():
    torch.manual_seed(0)
    scores = torch.randint(0, 8, (80,)) / 8
    target = torch.randint(0, 2, (80,))
    expected = float(binary_auroc(scores, target))
    assert value(Auc(), scores, target) == pytest.approx(expected)
    assert value(Auc(), scores[:, None], target) == pytest.approx(expected)
    two = torch.stack([torch.zeros(80), scores], 1)
    assert value(Auc(), two, target) == pytest.approx(expected)


def test_many_classes_are_averaged_as_torchmetrics_does():
    torch.manual_seed(0)
    output, target = torch.randn(90, 4), torch.randint(0, 4, (90,))
    expected = multiclass_auroc(output.softmax(1), target, 4)
    assert value(Auc(), output, target) == pytest.approx(float(expected))


def test_positions_of_a_sample_count_each():
    torch.manual_seed(0)
    scores, target = torch.rand(20, 6), torch.randint(0, 2, (20, 6))
    expected = binary_auroc(scores.flatten(), target.flatten())
    assert value(Auc(), scores, target) == pytest.approx(float(expected))


def test_one_class_alone_has_no_area():
    found = area(np.array([0.1, 0.2]), np.array([True, True]), np.ones((1, 2)))
    assert np.isnan(found).all()


def test_targets_other_than_two_classes_are_named():
    with pytest.raises(ModelError, match="0 or 1"):
        Auc().statistics(torch.rand(3), torch.tensor([0, 1, 2]))


def test_blocks_of_resamples_give_the_same_areas(monkeypatch):
    torch.manual_seed(0)
    output, target = torch.randn(30, 3), torch.randint(0, 3, (30,))
    rows = Auc().statistics(output, target).numpy()
    counts = np.random.default_rng(0).integers(0, 3, (7, 30)).astype(float)
    whole = Auc().pooled(rows, counts)
    monkeypatch.setattr("analysis.metrics.areas.BLOCK", 65)
    assert Auc().pooled(rows, counts) == pytest.approx(whole)
    assert len(whole) == 7
