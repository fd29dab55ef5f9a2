from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from analysis.errors import ModelError, OptionError, WorkloadError
from analysis.metrics import Rmse
from analysis.sensitivity import chunks
from analysis.sensitivity.points import Sensitivities, from_document, to_document
from analysis.sensitivity.sweep import sweep
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.naive import naive_kl
from tests.nets import NETS, make_workload


@pytest.mark.parametrize("name", NETS)
def test_every_cell_equals_the_naive_loop(name):
    workload = make_workload(name)
    result = Sensitivities.collect(sweep(workload, bits=(2, 4), target="both"))
    made = subject(workload)
    assert len(result.points) == len(result.setup.cells)
    for point in result.points:
        assert point.divergence == pytest.approx(naive_kl(made, point.cell), abs=1e-9), point.cell
    assert max(point.divergence for point in result.points) > 1e-4


@pytest.mark.parametrize("name", NETS)
def test_the_model_is_left_as_it_was_found(name):
    workload = make_workload(name)
    before = {key: value.clone() for key, value in workload.model.state_dict().items()}
    next(iter(sweep(workload, bits=(3,), target="both")))
    list(sweep(workload, bits=(3,), target="both"))
    after = workload.model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    for module in (*workload.model.modules(), *subject(workload).model.modules()):
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert "forward" not in vars(module)


def test_no_layer_of_these_nets_needs_the_full_forward():
    for name in NETS:
        run = sweep(make_workload(name), bits=(4,))
        list(run)
        assert run.full_forward == ()


def test_points_sharpen_chunk_by_chunk(monkeypatch):
    monkeypatch.setattr(chunks, "MAX_CHUNK", 10)
    run = sweep(make_workload("branched"), bits=(3,))
    points = [p for p in run if p.layer == "head"]
    assert [p.samples for p in points] == [10, 20, 24]
    assert [p.complete for p in points] == [False, False, True]


def test_chunks_change_nothing_but_rounding(monkeypatch):
    whole = Sensitivities.collect(sweep(make_workload("branched"), bits=(3,)))
    monkeypatch.setattr(chunks, "MAX_CHUNK", 7)
    cut = Sensitivities.collect(sweep(make_workload("branched"), bits=(3,)))
    for first, second in zip(whole.points, cut.points, strict=True):
        assert first.divergence == pytest.approx(second.divergence, abs=1e-7)


def test_a_resumed_sweep_equals_an_uninterrupted_one(monkeypatch):
    monkeypatch.setattr(chunks, "MAX_CHUNK", 10)
    workload = make_workload("branched")
    whole = Sensitivities.collect(sweep(workload, bits=(2, 4)))
    done = []
    for samples, _ in sweep(workload, bits=(2, 4)).measurements():
        done.append(samples)
        if len(done) == 13:
            break
    again = sweep(workload, bits=(2, 4)).resumed(done)
    new = list(again.measurements())
    assert len(new) == 3 * len(whole.points) - 13
    points = {p.cell: p for p in whole.points}
    last = {p.cell: p for _, p in new}
    assert all(points[cell] == point for cell, point in last.items())


def test_more_bits_hurt_less_and_the_interval_holds_the_mean():
    result = Sensitivities.collect(sweep(make_workload("branched"), bits=(2, 4, 8)))
    for layer in result.layers:
        by_bits = [result.point(layer.name, "weight", bits) for bits in (2, 4, 8)]
        values = [p.divergence for p in by_bits if p]
        assert values == sorted(values, reverse=True)
    assert all(p.low <= p.divergence <= p.high for p in result.points)


def test_the_document_reads_back():
    result = Sensitivities.collect(sweep(make_workload("branched"), bits=(2,), target="both"))
    assert from_document(to_document(result)) == result


def test_relative_squared_error_for_regression():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).eval()
    data = [(torch.randn(32, 4), torch.randn(32, 2))]
    workload = Workload(
        name="regression", model=model, calibration=data, evaluation=data, metric=Rmse()
    )
    result = Sensitivities.collect(sweep(workload, bits=(3,)))
    assert result.setup.divergence == "mse"
    inputs = torch.cat([tensors_of(batch[0])[0] for batch in subject(workload).parts.sweep])
    point = result.points[0]
    from analysis.simulate.quantized import quantized_weight

    quantised = quantized_weight(subject(workload), result.layers[0], point.cell.spec).weight
    with torch.no_grad():
        reference = model(inputs)
        actual = torch.func.functional_call(model, {"0.weight": quantised}, (inputs,))
    expected = ((actual - reference) ** 2).sum() / (reference**2).sum()
    assert point.divergence == pytest.approx(float(expected), rel=1e-5)


def test_without_labels_there_is_a_divergence_and_no_metric():
    workload = make_workload("branched")
    unlabelled = replace(
        workload,
        metric=None,
        calibration=[(x, None) for x, _ in workload.calibration],
        sweep=[(x, None) for x, _ in workload.sweep or ()],
        evaluation=[(x, None) for x, _ in workload.evaluation],
    )
    result = Sensitivities.collect(sweep(unlabelled, bits=(3,)))
    assert result.setup.metric is None
    assert result.points[0].metrics == {}


@pytest.mark.parametrize("bits", [(), (1,), (17,), (4, 4)], ids=str)
def test_impossible_widths_are_refused(bits):
    with pytest.raises(OptionError, match=r"[Bb]it"):
        sweep(make_workload("branched"), bits=bits)


def test_a_model_that_changes_its_answer_is_refused():
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.linear(x) + torch.randn(len(x), 3)

    data = [(torch.randn(8, 4), torch.zeros(8, dtype=torch.long))]
    workload = Workload(name="noisy", model=Noisy().eval(), calibration=data, evaluation=data)
    with pytest.raises(ModelError, match="same output twice"):
        sweep(workload, bits=(4,))


def test_a_model_in_training_mode_is_swept_in_eval_mode_and_stays_in_training_mode():
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 3)).train()
    data = [(torch.randn(8, 4), torch.zeros(8, dtype=torch.long))]
    workload = Workload(name="dropout", model=model, calibration=data, evaluation=data)
    list(sweep(workload, bits=(4,)))
    assert all(module.training for module in model.modules())


def test_one_sample_cannot_serve_for_ranges_and_scores():
    data = [(torch.randn(1, 4), torch.zeros(1, dtype=torch.long))]
    workload = Workload(name="one", model=nn.Linear(4, 3).eval(), calibration=data, evaluation=data)
    with pytest.raises(WorkloadError, match="at least 2 samples"):
        sweep(workload, bits=(4,))


def test_a_sweep_set_of_one_sample_gives_an_open_interval():
    torch.manual_seed(0)
    data = [(torch.randn(2, 4), torch.zeros(2, dtype=torch.long))]
    workload = Workload(name="two", model=nn.Linear(4, 3).eval(), calibration=data, evaluation=data)
    point = next(iter(sweep(workload, bits=(2,))))
    assert (point.samples, point.low, point.high) == (1, 0.0, np.inf)


def test_a_model_without_weights_says_so():
    data = [(torch.randn(8, 4), torch.zeros(8, dtype=torch.long))]
    workload = Workload(
        name="none", model=nn.Sequential(nn.ReLU()).eval(), calibration=data, evaluation=data
    )
    with pytest.raises(WorkloadError, match="nothing to quantise"):
        sweep(workload, bits=(4,))
