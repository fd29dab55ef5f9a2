import pytest
import torch
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.sensitivity.heads.projections import find_projections
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload
from tests.nets import make_workload


class Separate(nn.Module):
    """Projections by name, mixed without attention, which does not matter here."""

    def __init__(self, width: int = 12, **attributes: object) -> None:
        super().__init__()
        self.attn = nn.Module()
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            self.attn.add_module(name, nn.Linear(width, width))
        for name, value in attributes.items():
            setattr(self.attn, name, value)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v, o = self.attn.children()
        mixed: Tensor = o(q(x) + k(x) * v(x))
        return mixed


def made_of(model: nn.Module) -> Subject:
    data = [(torch.randn(4, 12), None)]
    return subject(Workload(name="n", model=model, calibration=data, sweep=data, evaluation=data))


@pytest.mark.parametrize(
    ("attributes", "heads"),
    [({"num_heads": 3}, 3), ({"n_head": 2}, 2), ({"head_dim": 3}, 4), ({"heads": 6}, 6)],
)
def test_the_number_of_heads_is_read_from_the_module(attributes, heads) -> None:
    found, left_out = find_projections(made_of(Separate(**attributes)))
    assert [(p.part, p.heads, p.axis) for p in found] == [
        ("q", heads, 0),
        ("k", heads, 0),
        ("v", heads, 0),
        ("o", heads, 1),
    ]
    assert {p.width for p in found} == {12 // heads}
    assert left_out == ()


def test_the_number_of_heads_is_read_from_a_config() -> None:
    model = Separate()
    model.config = type("Config", (), {"num_attention_heads": 4})()
    assert {p.heads for p in find_projections(made_of(model))[0]} == {4}


@pytest.mark.parametrize("attributes", [{}, {"num_heads": 5}, {"num_heads": True}, {"heads": 0}])
def test_without_a_fitting_number_of_heads_it_says_what_to_set(attributes) -> None:
    with pytest.raises(ModelError, match="How many heads attn has must be told"):
        find_projections(made_of(Separate(**attributes)))


def test_projections_that_hold_no_whole_heads_are_refused() -> None:
    model = Separate(head_dim=5)
    with pytest.raises(ModelError, match="must hold whole heads of 5, and one has 12"):
        find_projections(made_of(model))


def test_a_model_without_attention_says_which_names_are_known() -> None:
    with pytest.raises(ModelError, match="q_proj, k_proj and v_proj"):
        find_projections(subject(make_workload("depthwise")))


def test_a_fused_matrix_is_cut_in_three() -> None:
    found, _ = find_projections(subject(make_workload("encoder")))
    first = [p for p in found if p.attention == "encoder.layers.0.self_attn"]
    assert [(p.part, p.starts[0], p.heads) for p in first] == [
        ("q", 0, 2),
        ("k", 16, 2),
        ("v", 32, 2),
        ("o", 0, 2),
    ]
    assert {p.layer.name for p in first[:3]} == {"encoder.layers.0.self_attn"}
