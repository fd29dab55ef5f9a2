import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import ModelError
from analysis.workloads.determinism import first_difference
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload


class Noise(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.randn_like(x)


class AlwaysDropping(nn.Module):
    """Functional dropout that ignores eval mode: the usual mistake."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(self.linear(x), 0.5)


class Counting(nn.Module):
    """Answers differently each time without any randomness."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        return self.linear(x) * self.calls


NETS = {
    "a module": (
        nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), Noise()), nn.Linear(8, 3)),
        r"1\.1 \(Noise\)",
    ),
    "a block with functional dropout": (
        nn.Sequential(AlwaysDropping(), nn.Linear(3, 3)),
        r"0 \(AlwaysDropping\)",
    ),
    "the model itself": (AlwaysDropping(), "AlwaysDropping itself, outside its modules"),
    "a counter": (Counting(), "Counting itself"),
}


@pytest.mark.parametrize(("model", "named"), NETS.values(), ids=NETS)
def test_a_model_that_changes_its_answer_is_refused_and_the_place_named(model, named):
    data = [(torch.randn(8, 4), torch.zeros(8, dtype=torch.long))]
    made = Workload(name="noisy", model=model.eval(), calibration=data, evaluation=data)
    with pytest.raises(ModelError, match=f"same output twice.*first to differ is {named}"):
        subject(made)
    assert not any(module._forward_hooks for module in model.modules())


def test_values_that_are_not_finite_differ_from_others_alone():
    model = nn.Sequential(nn.Linear(4, 3), Noise()).eval()
    inputs = torch.full((2, 4), float("nan"))
    assert first_difference(model, inputs) == "Sequential itself, now and then"
