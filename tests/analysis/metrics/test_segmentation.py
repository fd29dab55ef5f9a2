import pytest
import torch
from torchmetrics.classification import MulticlassJaccardIndex

from analysis.errors import ModelError
from analysis.metrics import MeanIou
from tests.metric_values import value


def test_mean_iou_agrees_with_torchmetrics():
    torch.manual_seed(0)
    output, target = torch.randn(7, 6, 6, 4), torch.randint(0, 4, (7, 6, 6))
    target[0, 0] = 255
    oracle = MulticlassJaccardIndex(4, ignore_index=255)
    expected = oracle(output.movedim(-1, 1), target)
    assert value(MeanIou(), output, target) == pytest.approx(float(expected))


def test_classes_that_never_occur_do_not_count():
    output = torch.eye(5)[torch.tensor([[0, 1], [1, 0], [0, 0]])]
    target = torch.tensor([[0, 1], [1, 0], [0, 0]])
    assert value(MeanIou(), output, target) == 1.0


def test_targets_of_another_shape_are_named():
    with pytest.raises(ModelError, match="class numbers of shape"):
        MeanIou().statistics(torch.randn(2, 4, 4, 3), torch.zeros(2, 3, 4, 4))
