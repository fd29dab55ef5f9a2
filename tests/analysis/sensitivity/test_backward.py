import pickle
import re

import pytest
import torch
from torch import Tensor, nn

from analysis.sensitivity.backward import no_backward
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from analysis.workloads.workload import Workload


class Net(nn.Module):
    """Two layers and something between them."""

    def __init__(self, spare: bool = False) -> None:
        super().__init__()
        self.first = nn.Linear(4, 6)
        self.last = nn.Linear(6, 3)
        if spare:
            self.spare = nn.Linear(4, 6)

    def between(self, x: Tensor) -> Tensor:
        return torch.relu(x)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self.first(x)))


class Detached(Net):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).detach() * 1.0


class Rounded(Net):
    def between(self, x: Tensor) -> Tensor:
        return torch.round(4 * x) / 4


class Cut(Net):
    def between(self, x: Tensor) -> Tensor:
        return torch.relu(x).detach()


class Written(Net):
    def between(self, x: Tensor) -> Tensor:
        y = x.exp()
        y *= 2
        return y


class NoDerivative(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2


class Custom(Net):
    def between(self, x: Tensor) -> Tensor:
        return NoDerivative.apply(x)


class Frozen(Net):
    @torch.inference_mode()
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x)


BLOCKED = {
    Detached: "integer or frozen graph",
    Rounded: "no gradient reaches the (weight|input) of first, though the output depends on it",
    Cut: "no gradient reaches the (weight|input) of first",
    Written: "torch says",
    Custom: "torch says",
    Frozen: "torch says|frozen graph",
}


def workload(model: nn.Module) -> Workload:
    torch.manual_seed(0)
    data = [(torch.randn(80, 4), torch.zeros(80, dtype=torch.long))]
    return Workload(name="net", model=model.eval(), calibration=data, evaluation=data)


@pytest.mark.parametrize("target", ["weight", "both"])
@pytest.mark.parametrize("model", BLOCKED, ids=lambda kind: kind.__name__)
def test_the_sampled_sweep_takes_the_place_of_a_sketch_that_cannot_be(model, target):
    made = workload(model())
    run = sweep(made, bits=(4,), method="sketch", target=target)
    result = Sensitivities.collect(run)
    assert {point.stage for point in result.points} == {"sampled"}
    assert len(result.points) == len(result.setup.cells)
    assert run.fraction == 1.0
    (note,) = run.notes
    assert re.search(BLOCKED[model], note)
    assert note.endswith("the sampled sweep takes its place.")


def test_an_anytime_sweep_goes_on_without_its_sketch_and_says_so_once():
    run = sweep(workload(Rounded()), bits=(4,), method="anytime")
    result = Sensitivities.collect(run)
    assert {point.stage for point in result.points} == {"exact"}
    assert len(run.notes) == 1


def test_inputs_that_no_gradient_reaches_are_found_too():
    run = sweep(workload(Cut()), bits=(4,), method="sketch", target="activation")
    assert {point.stage for point in run} == {"sampled"}
    assert "the input of first" in run.notes[0]


def test_a_weight_that_is_never_used_is_harmless_and_no_obstacle():
    run = sweep(workload(Net(spare=True)), bits=(4,), method="sketch")
    points = {point.layer: point for point in run}
    assert run.notes == []
    assert points["spare"].divergence == 0.0
    assert {point.stage for point in points.values()} == {"sketch"}


class TwoHeads(Net):
    """As segmentation nets have it: a second head, whose output is not judged."""

    def forward(self, x: Tensor) -> Tensor:
        self.spare(x)
        return super().forward(x)


def test_the_input_of_a_layer_that_runs_and_does_not_reach_the_output_is_harmless():
    run = sweep(workload(TwoHeads(spare=True)), bits=(4,), method="sketch", target="both")
    harm = {(point.layer, point.target): point.divergence for point in run}
    assert run.notes == []
    assert harm["spare", "activation"] == harm["spare", "weight"] == 0.0
    assert min(harm["first", "activation"], harm["last", "activation"]) > 0.0


def test_binary_inputs_that_every_width_holds_exactly_are_no_obstacle():
    torch.manual_seed(0)
    data = [((torch.randn(80, 4) > 0).float(), None)]
    made = Workload(name="net", model=Net().eval(), calibration=data, evaluation=data)
    run = sweep(made, bits=(4,), method="sketch", target="activation")
    points = {point.layer: point for point in run}
    assert run.notes == []
    assert points["first"].divergence < points["last"].divergence


def test_the_sentence_survives_the_way_between_processes():
    error = no_backward("it is frozen")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_models_in_other_precisions_have_a_sketch(dtype):
    torch.manual_seed(0)
    data = [(torch.randn(80, 4, dtype=dtype), None)]
    made = Workload(name="net", model=Net().to(dtype).eval(), calibration=data, evaluation=data)
    run = sweep(made, bits=(4,), method="sketch", target="both")
    assert {point.stage for point in run} == {"sketch"}
    assert run.notes == []
