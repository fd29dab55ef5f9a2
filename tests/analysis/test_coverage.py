import torch
from torch import nn

from analysis.coverage import FUNCTIONAL, INDICES, SECOND, Coverage, coverage_of
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload


class Mixed(nn.Module):
    """Indices, a norm, sisters that are fused, tied ends, a functional weight, two in a module."""

    def __init__(self) -> None:
        super().__init__()
        self.emb = nn.Embedding(11, 8)
        self.norm = nn.LayerNorm(8)
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(8, 8) for _ in range(3))
        self.odd = nn.Linear(8, 8)
        self.cell = nn.LSTM(8, 8, batch_first=True)
        self.head = nn.Linear(8, 11, bias=False)
        self.head.weight = self.emb.weight

    def forward(self, x):
        rows = self.norm(self.emb(x))
        rows = self.q_proj(rows) + self.k_proj(rows) * self.v_proj(rows)
        rows = self.cell(nn.functional.linear(rows, self.odd.weight))[0]
        return self.head(rows).mean(1)


def report() -> Coverage:
    torch.manual_seed(0)
    x = torch.randint(0, 11, (24, 5))
    made = subject(
        Workload(
            name="mixed",
            model=Mixed().eval(),
            calibration=[(x[:8], None)],
            sweep=[(x[8:16], None)],
            evaluation=[(x[16:], None)],
        )
    )
    total = sum(value.numel() for value in made.model.parameters())
    return coverage_of("mixed", made.layers, made.skipped, total)


def test_every_parameter_is_covered_or_skipped_with_a_reason():
    found = report()
    left = sum(skipped.parameters for skipped in found.skipped)
    assert found.covered + left == found.parameters
    assert all(skipped.reason for skipped in found.skipped)
    assert 0 < found.share < 1


def test_inputs_that_cannot_be_quantised_say_why():
    why = {layer.layer: layer.why_not for layer in report().layers}
    assert why["emb"] == INDICES
    assert why["odd"] == FUNCTIONAL
    assert why["cell.weight_hh_l0"] == SECOND
    assert why["q_proj"] == ""


def test_shared_decisions_and_names_in_the_export_are_told():
    layers = {layer.layer: layer for layer in report().layers}
    assert set(layers["q_proj"].decided_with) == {"k_proj", "v_proj"}
    assert layers["emb"].tied == ("head.weight",)
    assert layers["odd"].decided_with == ()
    assert layers["q_proj"].exported == "q_proj.weight"
    assert layers["cell.weight_ih_l0"].exported == "cell.weight_ih_l0"


def test_inputs_counts_layers_with_an_input():
    found = report()
    assert found.inputs == sum(not layer.why_not for layer in found.layers)
