"""Every task from a sweep through a recipe to a score."""

from dataclasses import replace

import pytest
import torch

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.scoring import score
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from analysis.workloads.parts import count_samples
from analysis.workloads.subject import subject
from tests.tasks import TASKS, make_task

KL = {"classes", "binary", "segmentation", "tokens", "ranking"}


def divergence(result: Sensitivities, layer: str, bits: int) -> float:
    point = result.point(layer, "weight", bits)
    assert point is not None
    return point.divergence


@pytest.mark.parametrize("name", TASKS)
def test_a_task_goes_from_a_sweep_to_a_score(name):
    workload = make_task(name)
    result = Sensitivities.collect(sweep(workload, bits=(2, 4, 8), method="exact"))
    assert result.setup.divergence == ("kl" if name in KL else "mse")
    for layer in result.layers:
        assert divergence(result, layer.name, 8) < divergence(result, layer.name, 2)
    choice = allocate(result, Budget(average_bits=5))
    coarse = score(workload, allocate(result, Budget(average_bits=2.9)).recipe)
    fine = score(workload, choice.recipe)
    assert fine.divergence < coarse.divergence
    assert set(fine.actual) == {metric.name for metric in workload.all_metrics}
    assert fine.metric == workload.all_metrics[0].name
    for metric in workload.all_metrics:
        figure, drop = fine.actual[metric.name], fine.drop[metric.name]
        worse = fine.reference[metric.name] - figure.value
        assert drop.value == pytest.approx(worse if metric.direction == "higher" else -worse)
        assert figure.low <= figure.value <= figure.high
        assert drop.low <= drop.value <= drop.high
        assert fine.directions[metric.name] == metric.direction
    assert fine.samples == 32


@pytest.mark.parametrize("name", sorted(TASKS.keys() - {"detection"}))
def test_a_sketch_ranks_the_tasks_layers_too(name):
    result = Sensitivities.collect(sweep(make_task(name, 64), bits=(2, 6), method="sketch"))
    for layer in result.layers:
        assert divergence(result, layer.name, 6) < divergence(result, layer.name, 2)


@pytest.mark.parametrize("name", TASKS)
def test_without_labels_there_is_the_divergence_alone(name):
    workload = make_task(name)
    bare = [(inputs, None) for inputs, _ in workload.evaluation]
    unlabelled = replace(
        workload, metric=None, metrics=(), calibration=bare, sweep=bare, evaluation=bare,
        divergence=subject(workload).divergence,
    )  # fmt: skip
    result = Sensitivities.collect(sweep(unlabelled, bits=(2, 8), method="exact"))
    assert result.setup.metric is None and result.setup.reference == {}
    scored = score(unlabelled, allocate(result, Budget(average_bits=4)).recipe)
    assert scored.metric is None and scored.actual == {} and scored.divergence > 0


def test_metrics_that_compare_with_float_need_no_labels():
    workload = make_task("embeddings")
    bare = [(inputs, None) for inputs, _ in workload.evaluation]
    unlabelled = replace(workload, metrics=(), calibration=bare, sweep=bare, evaluation=bare)
    result = Sensitivities.collect(sweep(unlabelled, bits=(2, 8), method="exact"))
    assert result.setup.reference == {"cosine": pytest.approx(1.0)}
    assert all(point.metrics["cosine"] < 1 for point in result.points)


def test_segmentation_has_its_classes_on_the_last_axis():
    made = subject(make_task("segmentation"))
    assert made.class_axis == 1
    output = made.take(torch.zeros(2, 3, 8, 8))
    assert output.shape == (2, 8, 8, 3)


def test_the_sweep_of_a_detector_has_no_metric_but_its_score_has():
    workload = make_task("detection")
    run = sweep(workload, bits=(4,), method="exact")
    assert run.setup.metric is None
    assert any("side by side" in note for note in run.notes)
    assert any("in scores alone" in note for note in run.notes)
    assert count_samples(workload.evaluation) == 32


def test_values_have_no_answers_that_could_change():
    workload = make_task("regression")
    result = Sensitivities.collect(sweep(workload, bits=(2,), method="exact"))
    scored = score(workload, allocate(result, Budget(average_bits=4)).recipe)
    assert scored.agreement is None and scored.changed == () and scored.classes == ()
