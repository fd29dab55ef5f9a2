import pytest
import torch
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.workloads.data.parts import DataParts, PartCounts
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.needs import check_inputs
from analysis.workloads.workload import Inputs


class Pair(nn.Module):
    def __init__(self, lenient: bool) -> None:
        super().__init__()
        self.lenient = lenient

    def forward(self, a: Tensor, b: Tensor | None = None) -> Tensor:
        if b is None and not self.lenient:
            raise ValueError("you must give b")
        return a if b is None else a + b


def parts(inputs: Inputs) -> DataParts:
    return DataParts([(inputs, None)], [], [], (), False, PartCounts(1, 0, 0), "")


def test_data_that_lack_an_input_are_told_which_names_to_give():
    read = ReadModel(Pair(lenient=False), needs=("a", "b"))
    x = torch.ones(3, 2)
    with pytest.raises(ModelError, match=r"Pair needs the inputs a and b.*\.npz archive"):
        check_inputs(read, parts(x))
    check_inputs(read, parts({"a": x, "b": x}))
    check_inputs(ReadModel(Pair(lenient=True), needs=("a", "b")), parts(x))
