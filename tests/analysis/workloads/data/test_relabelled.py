import pytest
import torch

from analysis.workloads.data.parts import DataParts, PartCounts
from analysis.workloads.data.relabelled import relabelled


def parts(classes: tuple[str, ...], target: torch.Tensor | None) -> DataParts:
    batches = [(torch.zeros(3, 2), target)]
    return DataParts(batches, batches, batches, classes, True, PartCounts(3, 3, 3), "")


def test_folders_of_some_classes_get_the_numbers_of_the_model():
    found = relabelled(
        parts(("Dog", "tabby cat"), torch.tensor([0, 1, 0])), ("ant", "tabby_cat", "dog")
    )
    assert found.classes == ("ant", "tabby_cat", "dog")
    for part in (found.calibration, found.sweep, found.evaluation):
        for _ in range(2):
            (batch,) = part
            assert batch[1] is not None and batch[1].tolist() == [2, 1, 2]


@pytest.mark.parametrize(
    ("classes", "known"),
    [(("a", "b"), ()), (("a", "x"), ("b", "a")), (("a", "b"), ("a", "b")), ((), ("a",))],
    ids=["no names", "a foreign name", "already so", "no classes"],
)
def test_other_numbers_stay(classes, known):
    given = parts(classes, torch.tensor([0, 1, 0]))
    assert relabelled(given, known) is given
