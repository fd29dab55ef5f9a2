from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from analysis.divergence import reference_of
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.cotangents import cotangents
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.shifts import kept_shift, whitened_shift
from analysis.sensitivity.sketch import batch_plan, sketch_size
from analysis.sensitivity.sweep import sweep
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import subject
from tests.nets import NETS, make_workload

WIDTHS = (3, 4, 5, 6, 8)


def _both(name: str, samples: int = 192) -> tuple[Sensitivities, Sensitivities]:
    workload = make_workload(name, samples=samples)
    return (
        Sensitivities.collect(sweep(workload, bits=WIDTHS, target="both", method="sketch")),
        Sensitivities.collect(sweep(workload, bits=WIDTHS, target="both", method="exact")),
    )


@pytest.mark.parametrize("name", NETS)
def test_a_sketch_ranks_the_cells_as_the_exact_sweep_does(name):
    sketch, exact = _both(name)
    estimates = [point.divergence for point in sketch.points]
    measured = [point.divergence for point in exact.points]
    assert [p.cell for p in sketch.points] == [p.cell for p in exact.points]
    assert spearmanr(estimates, measured)[0] > 0.97
    fine = [
        np.log(estimate / point.divergence)
        for estimate, point in zip(estimates, exact.points, strict=True)
        if point.bits >= 5 and point.divergence > 0
    ]
    assert abs(np.median(fine)) < 0.35


@pytest.mark.parametrize("name", NETS)
def test_a_sketch_leaves_the_model_as_it_was(name):
    workload = make_workload(name)
    before = {key: value.clone() for key, value in workload.model.state_dict().items()}
    list(sweep(workload, bits=(4,), target="both", method="sketch"))
    assert all(torch.equal(before[k], v) for k, v in workload.model.state_dict().items())
    for module in subject(workload).model.modules():
        assert not module._forward_pre_hooks
    assert all(p.grad is None for p in subject(workload).model.parameters())


def test_the_cost_does_not_depend_on_the_number_of_formats():
    costs = []
    for bits in ((4,), (2, 3, 4, 5, 6, 7, 8, 10)):
        run = sweep(make_workload("branched", samples=192), bits=bits, method="sketch")
        list(run)
        costs.append(run.cost.forwards)
    assert costs[0] == costs[1] == pytest.approx(1 + 3 / 3)


def test_a_quarter_of_a_set_is_enough_and_a_large_set_needs_no_more_than_some_hundreds():
    assert [sketch_size(n) for n in (10, 100, 192, 1024, 10**6)] == [10, 64, 64, 256, 512]


def test_points_of_a_sketch_say_so_and_carry_no_metric():
    point = next(iter(sweep(make_workload("branched"), bits=(4,), method="sketch")))
    assert (point.stage, dict(point.metrics)) == ("sketch", {})


def test_same_seed_same_figures_and_another_seed_others():
    runs = [
        Sensitivities.collect(
            sweep(make_workload("gpt"), bits=(4,), method="sketch", target="both", seed=seed)
        ).points
        for seed in (0, 0, 1)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_a_resumed_sketch_equals_an_uninterrupted_one():
    workload = make_workload("branched", samples=100)
    fresh = sweep(workload, bits=(2, 4), target="both", method="sketch")
    everything = list(fresh.measurements())
    whole = {point.cell: point for _, point in everything}
    done = [samples for samples, _ in everything[:25]]
    rest = sweep(workload, bits=(2, 4), target="both", method="sketch").resumed(done)
    again = {point.cell: point for _, point in rest.measurements()}
    assert len(again) == len(whole)
    assert again == whole


@pytest.mark.parametrize("kind", ["kl", "mse"])
def test_cotangents_have_the_metric_as_their_second_moment(kind):
    torch.manual_seed(0)
    output = torch.randn(1, 4, dtype=torch.double)
    shift = torch.randn(1, 4, dtype=torch.double) * 1e-3
    scale = float(output.square().sum())
    projections = [
        float((cotangents(kind, output, scale, seed) * shift).sum()) for seed in range(4000)
    ]
    expected = float(reference_of(kind, output, scale).divergence(output + shift)[0])
    assert 0.5 * np.mean(np.square(projections)) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("kind", ["kl", "mse"])
def test_cotangents_do_not_depend_on_the_pieces_they_are_made_in(kind, monkeypatch):
    output = torch.randn(2, 5, 30, generator=torch.Generator().manual_seed(0))
    whole = cotangents(kind, output, 1.7, 3)
    monkeypatch.setattr("analysis.sensitivity.cotangents.PIECE_VALUES", 75)
    assert torch.equal(cotangents(kind, output, 1.7, 3), whole)


@pytest.mark.parametrize("shape", [(3, 5), (3, 4, 5)], ids=["classes", "tokens"])
def test_half_the_squared_shift_is_the_divergence_of_a_small_change(shape):
    torch.manual_seed(0)
    output = torch.randn(shape, dtype=torch.double)
    reference = reference_of("kl", output, 1.0)
    actual = output + 1e-4 * torch.randn(shape, dtype=torch.double)
    white = whitened_shift(reference, actual)
    assert torch.allclose(0.5 * white.square().sum(1), reference.divergence(actual), rtol=1e-3)


def test_projected_shifts_keep_inner_products_on_average():
    torch.manual_seed(0)
    output = torch.randn(400, 3, 50)
    reference = reference_of("kl", output, 1.0)
    first = output + 0.01 * torch.randn_like(output)
    second = output + 0.7 * (first - output) + 0.005 * torch.randn_like(output)
    kept = [kept_shift(reference, actual, 0).astype(float) for actual in (first, second)]
    white = [whitened_shift(reference, actual).numpy() for actual in (first, second)]
    assert kept[0].shape == (400, 8)
    assert (kept[0] * kept[1]).sum() == pytest.approx((white[0] * white[1]).sum(), rel=0.1)


def test_mini_batches_give_enough_directions():
    for samples in (1, 5, 63, 64, 500, 768, 5000):
        size, directions = batch_plan(samples)
        assert -(-samples // size) * directions >= 64
        assert 1 <= size <= 8


def test_labels_are_not_needed():
    workload = make_workload("branched")
    unlabelled = replace(
        workload,
        metric=None,
        sweep=[(x, None) for x, _ in workload.sweep or ()],
    )
    first = Sensitivities.collect(sweep(workload, bits=(4,), method="sketch")).points
    second = Sensitivities.collect(sweep(unlabelled, bits=(4,), method="sketch")).points
    assert first == second


def test_inputs_beyond_the_calibrated_range_count_as_clipped():
    workload = make_workload("recurrent", samples=192)
    wide = replace(workload, sweep=[(4 * tensors_of(x)[0], y) for x, y in workload.sweep or ()])
    estimate, measured = (
        Sensitivities.collect(sweep(wide, bits=(8,), target="activation", method=method)).points[0]
        for method in ("sketch", "exact")
    )
    assert estimate.divergence == pytest.approx(measured.divergence, rel=0.5)


@pytest.mark.parametrize(
    "label",
    [
        "int5 asym per-channel msegain",
        "int5 asym per-channel minmax clip0.7 +gain",
        "int5 asym per-channel minmax gptq",
        "int5 asym per-channel minmax gptq +bias",
        "int5 asym per-channel minmax +bias",
        "fixed6 per-channel minmax",
        "fp6-e2m3 per-channel minmax",
        "mxfp6-e2m3 per-group-32 minmax",
    ],
)
@pytest.mark.parametrize("net", ["depthwise", "gpt", "recurrent"])
def test_every_quantiser_is_estimated_as_it_is_measured(net, label):
    workload = make_workload(net, samples=192, fold=False)
    spec = QuantSpec.parse(label)
    estimated, measured = (
        [
            point.divergence
            for point in Sensitivities.collect(
                sweep(workload, bits=(spec.bits,), weight_spec=spec, method=method)
            ).points
        ]
        for method in ("sketch", "exact")
    )
    assert estimated == pytest.approx(measured, rel=0.6, abs=1e-7)


def test_dynamic_ranges_are_estimated_as_they_are_measured():
    workload = make_workload("gpt", samples=192)
    spec = QuantSpec.parse("int6 asym per-tensor dynamic")
    estimated, measured, static = (
        Sensitivities.collect(
            sweep(workload, bits=(6,), target="activation", activation_spec=spec, method=method)  # type: ignore[arg-type]
        ).points
        for method, spec in (
            ("sketch", spec),
            ("exact", spec),
            ("exact", QuantSpec.parse("int6 asym per-tensor minmax")),
        )
    )
    for point, exact in zip(estimated, measured, strict=True):
        assert point.divergence == pytest.approx(exact.divergence, rel=0.5)
    assert sum(p.divergence for p in measured) < sum(p.divergence for p in static)
