"""Each remedy on a real layer that has the fault: found there, not on a plain one, and it helps."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from analysis.diagnosis.case import Case, Finding
from analysis.diagnosis.diagnose import diagnose
from analysis.experiment import compare, look_at_input, look_at_weight
from analysis.inspection import inspect_workload
from analysis.quant.spec import QuantSpec
from analysis.simulate.calibration import calibrate
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload

WIDTH, HIDDEN, LATENT = 96, 32, 12


def workload(change: Callable[[Tensor, Tensor], None], *, tail: float = 0.0) -> Workload:
    """Two linear layers with a ReLU between, and inputs that depend on each other.

    `change` may alter both weights; `tail` makes a few inputs large.
    """
    torch.manual_seed(0)
    first, second = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, 5)
    model = nn.Sequential(first, nn.ReLU(), second).eval()
    with torch.no_grad():
        second.weight.mul_(6.0)
        change(first.weight, second.weight)
    samples = torch.randn(160, LATENT) @ torch.randn(LATENT, WIDTH) / LATENT**0.5
    samples += 0.2 * torch.randn(160, WIDTH)
    samples += tail * samples**5 / 100
    batches = [(part, None) for part in samples.split(40)]
    return Workload(
        name="made",
        model=model,
        calibration=batches[:1],
        sweep=batches[1:3],
        evaluation=batches[3:],
        group_layers=False,
    )


def nothing(_first: Tensor, _second: Tensor) -> None:
    """Leave the weights as they were drawn."""


def outlier_channel(first: Tensor, second: Tensor) -> None:
    first[0] *= 9.0
    second[:, 0] /= 9.0


def unbalanced(first: Tensor, second: Tensor) -> None:
    sizes = torch.logspace(0, -1.2, HIDDEN)
    first *= sizes[:, None]
    second /= sizes


def one_sided(first: Tensor, _second: Tensor) -> None:
    first.abs_()


def overshoot(first: Tensor, _second: Tensor) -> None:
    first *= 1.1 * 0.25 / first.abs().amax(1, keepdim=True)


def far_from_zero(first: Tensor, _second: Tensor) -> None:
    first.add_(0.3)


def large_weights(first: Tensor, second: Tensor) -> None:
    """Weights of a channel that hardly ever says anything."""
    first[0] *= 1e-3
    second[:, 0] *= 8.0


@dataclass(frozen=True)
class Fault:
    """A rule, a spec that it speaks on, and a net that has the fault."""

    title: str
    label: str
    change: Callable[[Tensor, Tensor], None]
    plain: str | None = None
    layer: int = 0
    tail: float = 0.0


FAULTS = (
    Fault("Outlier channels", "int4 asym per-tensor minmax", outlier_channel),
    Fault("Unbalanced layers", "int4 asym per-tensor minmax", unbalanced),
    Fault("One-sided range", "int3 sym per-channel minmax", one_sided),
    Fault(
        "Dead range", "fixed3 per-channel minmax", overshoot, plain="int3 sym per-channel minmax"
    ),
    Fault("Dead range", "int3 asym per-channel minmax", far_from_zero),
    Fault("Few large weights", "int3 asym per-channel minmax", large_weights, layer=1),
    Fault(
        "Coarse rounding",
        "int2 asym per-channel minmax",
        nothing,
        plain="int8 sym per-channel minmax",
    ),
    Fault(
        "One-sided input",
        "int3 sym per-channel minmax",
        nothing,
        layer=1,
        plain="int3 asym per-channel minmax",
    ),
    Fault("Few large inputs", "int4 asym per-channel minmax", nothing, tail=2.0),
)


def findings(brought: Workload, label: str, place: int) -> dict[str, Finding]:
    made, found = subject(brought), inspect_workload(brought)
    layer, spec = made.layers[place], QuantSpec.parse(label)
    weight = look_at_weight(made, layer, spec).effect
    seen = QuantSpec.parse(f"{spec.format.label} per-tensor minmax")
    effect = look_at_input(made, layer, seen, calibrate(made)).effect
    following = made.layers[1].name if place == 0 else None
    case = Case(found.profiles[place], spec, weight, effect, following)
    return {finding.title: finding for finding in diagnose(case)}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.title}, {fault.label}")
def test_a_fault_is_found_where_it_is_and_its_remedy_helps(fault: Fault) -> None:
    brought = workload(fault.change, tail=fault.tail)
    finding = findings(brought, fault.label, fault.layer)[fault.title]
    sound = workload(nothing)
    assert fault.title not in findings(sound, fault.plain or fault.label, fault.layer)
    made = subject(brought)
    layer = made.layers[fault.layer]
    trial = compare(made, layer, finding.target, finding.before, finding.remedy)
    assert trial.gain > 0 and trial.low > 0
    assert trial.before.divergence > trial.after.divergence
