from collections.abc import Iterator
from dataclasses import replace

import pytest

from analysis.quant.spec import QuantSpec
from analysis.runs import first_look as looks
from analysis.runs.attempt import Attempt
from analysis.runs.first_look import plain, take_first_look
from analysis.runs.foreground import claim_new
from analysis.runs.records import SweepOptions
from analysis.runs.store import RunStore
from analysis.sensitivity.backward import no_backward
from analysis.sensitivity.families import ACTIVATION_FAMILIES, WEIGHT_FAMILIES
from analysis.sensitivity.options import SweepOptions as Checked
from analysis.workloads.load import load_workload
from tests.nets import make_workload

BEST = Checked(
    bits=(2, 8),
    target="both",
    weight_scheme="best",
    weight_families=WEIGHT_FAMILIES,
    activation_scheme="best",
    activation_families=ACTIVATION_FAMILIES,
)


@pytest.fixture
def attempt() -> Attempt:
    return claim_new(RunStore(), "digits", SweepOptions(bits=(2, 8)), owner="cli")


def test_it_estimates_every_tensor_and_goes_when_the_sweep_begins(attempt: Attempt) -> None:
    workload = load_workload("digits")
    take_first_look(attempt, workload, BEST)
    store, run = attempt.store, attempt.job_id
    found = store.first_look(run)
    assert found is not None
    assert len(found.points) == len(found.setup.cells)
    assert {point.stage for point in found.points} == {"sketch"}
    assert {cell.target for cell in found.setup.cells} == {"weight", "activation"}
    assert all(cell.spec.range_method == "minmax" for cell in found.setup.cells)
    assert store.setup(run) is None
    store.save_setup(run, found.setup)
    assert store.first_look(run) is None


def test_an_earlier_one_is_kept(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    workload = load_workload("digits")
    take_first_look(attempt, workload, BEST)

    def refuse(*_args: object) -> None:
        raise AssertionError

    monkeypatch.setattr(looks, "_sketched", refuse)
    take_first_look(attempt, workload, BEST)
    take_first_look(attempt, workload, replace(BEST, weight_scheme="fixed", target="weight"))


def test_fixed_specs_need_none(attempt: Attempt) -> None:
    take_first_look(attempt, load_workload("digits"), Checked(bits=(2, 8)))
    assert attempt.store.first_look(attempt.job_id) is None


def test_a_model_without_a_backward_gets_none(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analysis.sensitivity import sketch

    def fail(_unit: int) -> None:
        raise no_backward("it is frozen")

    def refused(*_args: object) -> Iterator[None]:
        return map(fail, range(1))

    monkeypatch.setattr(sketch.SketchStage, "measure", refused)
    take_first_look(attempt, make_workload("branched"), BEST)
    assert attempt.store.first_look(attempt.job_id) is None


def test_families_of_one_width_give_way_to_one_of_any() -> None:
    nf4 = QuantSpec.parse("nf4 per-group-32 minmax")
    found = plain(replace(BEST, weight_families=(nf4, WEIGHT_FAMILIES[1])))
    assert found.weight_spec == WEIGHT_FAMILIES[1]
    assert found.method == "sketch"
    assert plain(replace(BEST, weight_families=(nf4,))).weight_spec.bits == 8
