from dataclasses import replace

import numpy as np
import pytest
import torch

from analysis.errors import RecipeMismatchError, WorkloadError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.scoring import measure, score
from analysis.workloads.subject import subject
from tests.nets import NETS, make_workload


def _recipe(workload, bits: int, activation: int | None = None) -> Recipe:
    made = subject(workload)
    config = LayerConfig(
        WEIGHT_SPEC.with_bits(bits),
        ACTIVATION_SPEC.with_bits(activation) if activation else None,
    )
    return Recipe({layer.name: config for layer in made.layers}, workload.name, made.fingerprint)


@pytest.mark.parametrize("name", NETS)
def test_an_empty_recipe_changes_nothing(name):
    workload = make_workload(name)
    result = score(workload, replace(_recipe(workload, 4), layers={}))
    assert result.divergence == 0
    assert result.changed == ()
    metric = result.metric or ""
    assert result.actual[metric].value == result.reference[metric]
    assert result.cost.weight_bytes == result.cost.float_bytes


@pytest.mark.parametrize("name", NETS)
def test_sixteen_bits_are_nearly_float_and_two_are_not(name):
    workload = make_workload(name)
    fine = score(workload, _recipe(workload, 16, 16))
    coarse = score(workload, _recipe(workload, 2, 2))
    assert fine.divergence < 1e-4
    assert coarse.divergence > 50 * fine.divergence
    assert coarse.low <= coarse.divergence <= coarse.high


def test_the_drop_is_float_less_quantised_and_paired():
    workload = make_workload("branched")
    result = score(workload, _recipe(workload, 2))
    expected = result.reference["top1"] - result.actual["top1"].value
    assert result.drop["top1"].value == pytest.approx(expected)
    assert result.drop["top1"].low <= expected <= result.drop["top1"].high


def test_classes_and_changed_samples_agree_with_a_direct_count():
    workload = make_workload("branched")
    recipe = _recipe(workload, 2)
    result = score(workload, recipe)
    assert sum(row.samples for row in result.classes) == result.samples == 24
    right = sum(row.actual * row.samples for row in result.classes)
    assert right / 24 == pytest.approx(result.actual["top1"].value)
    assert result.agreement == pytest.approx(1 - len(result.changed) / 24)
    worst = [row.actual - row.reference for row in result.classes]
    assert worst == sorted(worst)


def test_perplexity_gets_worse_upwards():
    workload = make_workload("gpt")
    result = score(workload, _recipe(workload, 2))
    drop = result.drop["perplexity"].value
    assert drop == pytest.approx(result.actual["perplexity"].value - result.reference["perplexity"])


def test_measure_uses_the_sweep_set_and_score_the_evaluation_set():
    workload = make_workload("branched")
    recipe = _recipe(workload, 3)
    swapped = replace(workload, sweep=workload.evaluation, evaluation=workload.sweep or [])
    assert measure(workload, recipe).divergence == score(swapped, recipe).divergence
    assert measure(workload, recipe).divergence != score(workload, recipe).divergence


def test_the_model_is_left_as_it_was_after_an_error_in_the_data():
    workload = make_workload("branched")
    recipe = _recipe(workload, 3, 4)
    broken = replace(workload, evaluation=[(torch.randn(2, 3), torch.zeros(2, dtype=torch.long))])
    before = {key: value.clone() for key, value in workload.model.state_dict().items()}
    with pytest.raises(RuntimeError):
        score(broken, recipe)
    assert all(torch.equal(before[k], v) for k, v in workload.model.state_dict().items())
    assert not any(m._forward_pre_hooks for m in subject(broken).model.modules())


def test_a_recipe_of_another_model_is_refused():
    recipe = _recipe(make_workload("branched", seed=1), 4)
    with pytest.raises(RecipeMismatchError, match="other weights"):
        score(make_workload("branched", seed=2), recipe)
    with pytest.raises(RecipeMismatchError, match="layers this model does not have"):
        score(make_workload("depthwise"), recipe)


def test_an_empty_evaluation_set_is_refused():
    workload = replace(make_workload("branched"), evaluation=[])
    with pytest.raises(WorkloadError, match="empty"):
        score(workload, _recipe(workload, 4))


def test_labels_outside_the_outputs_are_named():
    workload = make_workload("branched")
    images, _ = next(iter(workload.evaluation))
    wrong = replace(workload, evaluation=[(images, torch.full((len(images),), 9))])
    with pytest.raises(WorkloadError, match="between 0 and 4"):
        score(wrong, _recipe(workload, 4))


def test_the_interval_of_the_divergence_narrows_with_more_samples():
    few, many = (make_workload("branched", samples=n) for n in (20, 400))
    widths = []
    for workload in (few, many):
        result = score(workload, _recipe(workload, 3))
        widths.append((result.high - result.low) / result.divergence)
    assert widths[1] < widths[0] / 2
    assert np.isfinite(widths).all()
