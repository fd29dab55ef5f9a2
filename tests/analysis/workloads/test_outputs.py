from dataclasses import dataclass

import pytest
import torch

from analysis.errors import ModelError
from analysis.metrics import MeanIou, Top1
from analysis.workloads.outputs import class_axis_of, is_joined, joined_note, take_output


@dataclass
class WithLogits:
    logits: torch.Tensor


def test_one_tensor_is_taken_as_it_is():
    x = torch.randn(3, 4)
    for result in (x, (x, torch.zeros(3)), WithLogits(x)):
        assert take_output(result, None) is x
        assert not is_joined(result, None)
    assert take_output({"a": x}, lambda found: found["a"]) is x


def test_tensors_of_dicts_and_lists_stand_side_by_side():
    first, second = torch.randn(3, 2, 2), torch.randn(3, 5)
    numbers = torch.arange(3)
    nested = {"boxes": first, "levels": [second, {"count": numbers}]}
    for result in (nested, [first, second]):
        assert is_joined(result, None)
        expected = torch.cat([first.flatten(1), second], 1)
        assert torch.equal(take_output(result, None), expected)
    assert "2 tensors (boxes, levels[0])" in joined_note(nested)


@pytest.mark.parametrize(
    "result",
    [
        {"boxes": torch.randn(3, 4), "kept": torch.randn(7)},
        [{"boxes": torch.randn(2, 4)}, {"boxes": torch.randn(5, 4)}],
        {},
        {"labels": torch.arange(3)},
    ],
)
def test_results_without_one_row_a_sample_are_refused(result):
    with pytest.raises(ModelError, match="same samples first"):
        take_output(result, None)


def test_what_holds_no_tensor_is_refused():
    for result in (3, "x", torch.arange(3), WithLogits(torch.arange(3))):
        with pytest.raises(ModelError, match="floating-point tensor"):
            take_output(result, None)


def test_classes_are_found_on_axis_one_of_images_and_else_on_the_last():
    images, rows = torch.zeros(2, 5, 8, 8), torch.zeros(2, 6, 5)
    assert class_axis_of(None, None, "kl", images) == 1
    assert class_axis_of(None, Top1(), "kl", rows) is None
    assert class_axis_of(None, MeanIou(), "kl", rows) == 1
    assert class_axis_of(-1, MeanIou(), "kl", images) is None
    assert class_axis_of(2, None, "mse", images) is None
    with pytest.raises(ModelError, match="class axis"):
        class_axis_of(3, None, "kl", rows)
    with pytest.raises(ModelError, match="class axis"):
        class_axis_of(0, None, "kl", rows)
