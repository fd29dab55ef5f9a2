"""Decision groups and input groups of tiny networks made for the purpose."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.layers import Layer
from analysis.workloads.discovery import discover
from analysis.workloads.groups import grouped
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.nets import make_workload

WIDTH = 8


class Linears(nn.Module):
    """Linear layers under given names, put together by a function."""

    def __init__(
        self, shapes: dict[str, tuple[int, int]], run: "Callable[[Linears, Tensor], Tensor]"
    ) -> None:
        super().__init__()
        for name, (into, out) in shapes.items():
            self.add_module(name, nn.Linear(into, out))
        self.run = run

    def forward(self, x: Tensor) -> Tensor:
        return self.run(self, x)

    def apply_to(self, name: str, x: Tensor) -> Tensor:
        result: Tensor = self.get_submodule(name)(x)
        return result


def _found(model: nn.Module, x: Tensor | None = None) -> dict[str, Layer]:
    torch.manual_seed(0)
    inputs = torch.randn(3, WIDTH) if x is None else x
    layers, _ = discover(model.eval(), inputs)
    return {layer.name: layer for layer in grouped(model, inputs, layers)}


def _together(names: tuple[str, ...], out: int = WIDTH) -> Linears:
    """The named layers read one tensor; their outputs are multiplied."""

    def run(net: Linears, x: Tensor) -> Tensor:
        x = net.apply_to("first", x)
        result = torch.ones(())
        for name in names:
            result = result * net.apply_to(name, x).sum(-1, keepdim=True)
        return result

    return Linears({"first": (WIDTH, WIDTH), **dict.fromkeys(names, (WIDTH, out))}, run)


@pytest.mark.parametrize(
    ("names", "out"),
    [
        (("q_proj", "k_proj", "v_proj"), WIDTH),
        (("query", "key", "value"), WIDTH),
        (("to_q", "to_k", "to_v"), WIDTH),
        (("wq", "wk", "wv"), WIDTH),
        (("k_lin", "v_lin"), WIDTH),
        (("gate_proj", "up_proj"), 2 * WIDTH),
        (("w1", "w3"), 2 * WIDTH),
        (("wi_0", "wi_1"), WIDTH),
        (("one", "two", "three"), WIDTH),
        (("left", "right"), 2 * WIDTH),
    ],
)
def test_projections_of_one_tensor_are_one_decision(names: tuple[str, ...], out: int) -> None:
    layers = _found(_together(names, out))
    assert {layers[name].group for name in names} == {"+".join(names)}
    assert layers["first"].group == "first"
    assert {layers[name].input_group for name in names} == {f"{names[0]} input"}
    assert layers["first"].input_group is None


@pytest.mark.parametrize(
    ("names", "out"), [(("mean", "spread"), WIDTH), (("a", "b", "c", "d"), WIDTH)]
)
def test_other_sisters_keep_their_own_weights_and_share_their_inputs(
    names: tuple[str, ...], out: int
) -> None:
    layers = _found(_together(names, out))
    assert [layers[name].group for name in names] == list(names)
    assert {layers[name].input_group for name in names} == {f"{names[0]} input"}


def test_q_k_v_and_gate_up_side_by_side_are_two_decisions() -> None:
    names = ("q", "k", "v", "gate", "up")
    layers = _found(_together(names))
    assert {layers[name].group for name in names[:3]} == {"q+k+v"}
    assert {layers[name].group for name in names[3:]} == {"gate+up"}


def test_projections_of_different_tensors_stay_apart() -> None:
    def run(net: Linears, x: Tensor) -> Tensor:
        return net.apply_to("q_proj", x) * net.apply_to("k_proj", x * 2)

    layers = _found(Linears(dict.fromkeys(("q_proj", "k_proj"), (WIDTH, WIDTH)), run))
    assert [layer.group for layer in layers.values()] == ["q_proj", "k_proj"]
    assert [layer.input_group for layer in layers.values()] == [None, None]


def test_the_group_is_named_by_its_parent() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attention = _together(("q", "k", "v"))

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.attention(x)
            return result

    layers = _found(Block())
    assert layers["attention.k"].group == "attention.q+k+v"


def test_a_residual_add_joins_its_operands_and_its_result() -> None:
    def run(net: Linears, x: Tensor) -> Tensor:
        a = net.apply_to("stem", x)
        b = net.apply_to("inner", a)
        return net.apply_to("head", F.relu(a + b)) + net.apply_to("other", torch.tanh(b))

    names = ("stem", "inner", "other", "head")
    layers = _found(Linears(dict.fromkeys(names, (WIDTH, WIDTH)), run))
    assert [layers[name].input_group for name in names] == [
        None,
        "inner input",
        None,
        "inner input",
    ]
    assert [layers[name].group for name in names] == list(names)


@pytest.mark.parametrize(
    "join",
    [
        lambda a, b: a + b,
        lambda a, b: a.add(b),
        lambda a, b: torch.add(a, b),
        lambda a, b: torch.add(input=a, other=b),
        lambda a, b: a.clone().add_(b),
        lambda a, b: torch.cat([a, b], -1)[..., :WIDTH],
        lambda a, b: torch.concat((a, b), dim=0).chunk(2)[0],
        lambda a, b: torch.cat(tensors=[a, b], dim=-1).split(WIDTH, -1)[0],
        lambda a, b: (a.reshape(-1, WIDTH) + b.relu()).clamp(0, 6).view(-1, WIDTH),
    ],
)
def test_every_form_of_an_add_or_a_concatenation(join: Callable[[Tensor, Tensor], Tensor]) -> None:
    def run(net: Linears, x: Tensor) -> Tensor:
        a, b = net.apply_to("one", x), net.apply_to("two", torch.tanh(x))
        return net.apply_to("three", join(a, b)) * net.apply_to("four", b).sum()

    layers = _found(Linears(dict.fromkeys(("one", "two", "three", "four"), (WIDTH, WIDTH)), run))
    assert layers["three"].input_group == layers["four"].input_group is not None
    assert layers["one"].input_group is None


@pytest.mark.parametrize(
    "keep",
    [
        lambda a, b: a * b,
        lambda a, b: a + 1.0 + 0 * torch.tanh(b),
        lambda a, b: a + b.sum(0, keepdim=True),
        lambda a, b: a + nn.Parameter(torch.ones_like(b)),
    ],
)
def test_what_joins_nothing(keep: Callable[[Tensor, Tensor], Tensor]) -> None:
    def run(net: Linears, x: Tensor) -> Tensor:
        a, b = net.apply_to("one", x), net.apply_to("two", torch.tanh(x))
        return net.apply_to("three", keep(a, b)) * net.apply_to("four", b).sum()

    layers = _found(Linears(dict.fromkeys(("one", "two", "three", "four"), (WIDTH, WIDTH)), run))
    assert layers["four"].input_group is None


def test_work_in_place_makes_another_tensor() -> None:
    def run(net: Linears, x: Tensor) -> Tensor:
        a = net.apply_to("one", x)
        b = net.apply_to("two", a)
        a.mul_(2)  # what "two" read is not what "three" reads
        return b * net.apply_to("three", a)

    layers = _found(Linears(dict.fromkeys(("one", "two", "three"), (WIDTH, WIDTH)), run))
    assert [layer.input_group for layer in layers.values()] == [None, None, None]


def test_a_layer_that_runs_twice_joins_what_it_reads() -> None:
    def run(net: Linears, x: Tensor) -> Tensor:
        y = net.apply_to("twice", x)
        z = net.apply_to("twice", torch.tanh(y))
        return z * net.apply_to("beside", x)

    layers = _found(Linears(dict.fromkeys(("twice", "beside"), (WIDTH, WIDTH)), run))
    assert {layer.input_group for layer in layers.values()} == {"twice input"}


def test_a_residual_network_keeps_its_stream_at_one_width() -> None:
    layers = {layer.name: layer for layer in subject(make_workload("branched")).layers}
    assert layers["main.0"].input_group == layers["shortcut"].input_group == "main.0 input"
    assert {layers[name].input_group for name in ("stem.0", "main.3", "head")} == {None}
    assert [layer.group for layer in layers.values()] == list(layers)


def test_grouping_can_be_switched_off() -> None:
    made = make_workload("branched")
    plain = Workload(
        name="plain",
        model=made.model,
        calibration=made.calibration,
        evaluation=made.evaluation,
        group_layers=False,
    )
    assert {layer.input_group for layer in subject(plain).layers} == {None}


def test_the_model_is_left_as_it_was() -> None:
    made = make_workload("branched")
    x = torch.randn(2, 1, 8, 8)
    before = made.model(x)
    layers, _ = discover(made.model, x)
    grouped(made.model, x, layers)
    assert torch.equal(made.model(x), before)
    assert not any(module._forward_pre_hooks for module in made.model.modules())
