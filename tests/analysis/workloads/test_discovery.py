from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from analysis.workloads.discovery import discover
from analysis.workloads.subject import subject
from tests.nets import NETS, make_workload


def test_layers_come_in_call_order_with_the_users_names():
    names = [layer.name for layer in subject(make_workload("branched")).layers]
    assert names == ["stem.0", "main.0", "main.3", "shortcut", "head"]


def test_folded_norms_are_named_at_their_layer():
    layers = {x.name: x.folded for x in subject(make_workload("branched")).layers}
    assert layers["main.3"] == "main.4"
    assert layers["shortcut"] is None


def test_macs_of_convolutions_are_output_pixels_times_weights():
    layers = {x.name: x for x in subject(make_workload("branched")).layers}
    assert layers["stem.0"].macs == 8 * 8 * 8 * 9
    assert layers["main.0"].macs == 4 * 4 * 12 * 8 * 9
    assert layers["head"].macs == 12 * 5


def test_macs_of_grouped_and_transposed_convolutions():
    layers = {x.name: x for x in subject(make_workload("depthwise")).layers}
    assert layers["depth"].macs == 8 * 8 * 8 * 9
    assert layers["up"].macs == 8 * 8 * 8 * 4 * 2 * 2
    assert layers["up"].channel_axis == 1
    assert layers["up"].channels == 4
    assert layers["mix"].macs == 254 * 6 * 2 * 3


def test_macs_agree_with_torchs_flop_counter():
    from torch.utils.flop_counter import FlopCounterMode

    made = subject(make_workload("branched"))
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        made.model(torch.randn(1, 1, 8, 8))
    assert counter.get_total_flops() == 2 * sum(layer.macs for layer in made.layers)


def test_a_tied_weight_is_one_layer_at_its_first_use():
    layers = subject(make_workload("gpt")).layers
    assert layers[0].name == "tokens"
    assert layers[0].tied == ("head.weight",)
    assert "head" not in [layer.name for layer in layers]
    assert layers[0].input_shape is None


def test_attention_weights_that_are_used_functionally_are_listed_without_calls():
    layers = {x.name: x for x in subject(make_workload("encoder")).layers}
    inner = layers["encoder.layers.0.self_attn.out_proj"]
    assert (inner.calls, inner.has_input) == (0, False)
    whole = layers["encoder.layers.0.self_attn"]
    assert whole.param.endswith("in_proj_weight")
    assert whole.calls == 1


def test_a_layer_called_twice_counts_twice():
    layers = {x.name: x for x in subject(make_workload("recurrent")).layers}
    assert layers["twice"].calls == 2
    assert layers["twice"].macs == 2 * 8 * 8
    assert set(layers) >= {"lstm.weight_ih_l0", "lstm.weight_hh_l0"}
    assert layers["lstm.weight_ih_l0"].input_shape == (6, 4)
    assert layers["lstm.weight_hh_l0"].input_shape is None


def test_what_stays_in_float_says_why():
    skipped = {x.name: x for x in subject(make_workload("gpt")).skipped}
    assert "matrix product" in skipped["positions"].reason
    assert "bias or norm" in skipped["norm.weight"].reason


@pytest.mark.parametrize("name", NETS)
def test_every_parameter_is_a_layer_or_named_as_skipped(name):
    made = subject(make_workload(name))
    total = sum(p.numel() for p in made.model.parameters())
    listed = sum(x.parameters for x in made.layers) + sum(x.parameters for x in made.skipped)
    assert listed == total


def test_a_bare_linear_layer_has_a_name():
    layers, _ = discover(nn.Linear(3, 2), torch.randn(4, 3))
    assert [layer.name for layer in layers] == ["weight"]
    assert layers[0].module == ""


def test_experts_in_one_tensor_are_named_as_such():
    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up_proj = nn.Parameter(torch.randn(2, 4, 4))

        def forward(self, x: Tensor) -> Tensor:
            return x @ self.up_proj[0]

    model = nn.Sequential(OrderedDict(first=nn.Linear(4, 4), experts=Experts())).eval()
    _, skipped = discover(model, torch.randn(2, 4))
    (reason,) = (each.reason for each in skipped if each.name == "experts.up_proj")
    assert reason.startswith("matrices of several experts in one tensor")
