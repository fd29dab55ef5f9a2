import pytest
import torch
from torch import nn

from analysis.workloads.models.head_classes import class_options


def detector(num_classes: int = 91) -> nn.Module:
    """A body; a head of 6 anchors for each class and one for the background; boxes of 4 values."""
    return nn.ModuleList([nn.Linear(4, 4), nn.Conv2d(4, 6 * num_classes + 6, 1), nn.Linear(4, 24)])


@pytest.mark.parametrize("classes", [1, 7, 37, 80])
def test_the_classes_are_told_from_a_head_of_anchors(classes):
    assert class_options(detector, detector(classes).state_dict()) == {"num_classes": classes}


def test_nothing_is_told_where_the_usual_network_fits():
    assert class_options(detector, detector().state_dict()) == {}


def test_weights_without_a_head_have_no_classes():
    state = {name: x for name, x in detector().state_dict().items() if not name.startswith("1.")}
    assert class_options(detector, state) == {"num_classes": 0}


def test_a_network_that_usually_has_no_head_gets_that_of_the_weights():
    def usually_none(num_classes: int = 0) -> nn.Module:
        head = [nn.Linear(4, num_classes)] if num_classes else []
        return nn.ModuleList([nn.Linear(4, 4), *head])

    assert class_options(usually_none, usually_none(5).state_dict()) == {"num_classes": 5}
    assert class_options(usually_none, usually_none().state_dict()) == {}


@pytest.mark.parametrize("rows", [(13,), (6,), (0,)], ids=str)
def test_a_head_that_no_number_of_classes_makes_is_left_to_the_comparison(rows):
    state = detector().state_dict() | {"1.bias": torch.zeros(rows), "1.weight": torch.zeros(rows)}
    assert class_options(detector, state) == {}


def widths_from_tensors(num_classes: int = 10) -> nn.Module:
    """As RegNet does it: such a network cannot be built without memory."""
    return nn.Linear(int(torch.tensor([2.0, 4.0]).sum()), num_classes)


def test_a_network_that_computes_its_widths_with_tensors_is_built_as_it_is():
    state = widths_from_tensors(3).state_dict()
    assert class_options(widths_from_tensors, state) == {"num_classes": 3}
