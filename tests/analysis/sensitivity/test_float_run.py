import pytest
import torch
from torch import nn

from analysis.errors import ModelError
from analysis.sensitivity.sweep import sweep
from analysis.workloads.workload import Workload


class Root(nn.Module):
    """Square roots of what may be negative."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.sqrt())


@pytest.mark.parametrize("method", ["sketch", "exact", "anytime"])
def test_the_sample_whose_output_is_not_finite_is_named(method):
    inputs = torch.rand(300, 4)
    swept = inputs.clone()
    swept[217, 2] = -1.0
    made = Workload(
        name="root",
        model=Root().eval(),
        calibration=[(inputs, None)],
        sweep=[(swept, None)],
        evaluation=[(inputs, None)],
    )
    with pytest.raises(ModelError, match="finite; it gives NaN or infinity on sample 217 of the"):
        sweep(made, bits=(4,), method=method)
