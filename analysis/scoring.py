"""A recipe applied to a workload and judged: on held-out data, or on the sweep set."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analysis.allocation.budget import Measurement
from analysis.cost import recipe_cost
from analysis.divergence import reference_of, squared_norms
from analysis.errors import WorkloadError
from analysis.recipe import Recipe
from analysis.scores import ChangedExample, ClassDamage, Interval, Score
from analysis.sensitivity.exact import chunk_size
from analysis.sensitivity.float_run import statistics_of
from analysis.sensitivity.intervals import metric_interval, paired_interval
from analysis.sensitivity.resampling import mean_interval
from analysis.simulate.simulated import simulated
from analysis.workloads.examples import changed_examples
from analysis.workloads.parts import cut_batches
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Batch, Workload

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Outputs:
    """What one model gave on a set, sample by sample.

    Attributes:
        answers: arg-max of each sample's output, (samples,); None where the output is no row of
            class scores.
        targets: class numbers, likewise.
    """

    outputs: tuple[Tensor, ...]
    statistics: Floats
    answers: NDArray[np.int64] | None
    targets: NDArray[np.int64] | None


def _run(made: Subject, recipe: Recipe | None, batches: Iterable[Batch]) -> _Outputs:
    outputs: list[Tensor] = []
    statistics: list[Floats] = []
    targets: list[NDArray[np.int64]] = []
    with simulated(made, recipe) as forward:
        for inputs, target in cut_batches(batches, chunk_size(made.layers)):
            output = forward(inputs)
            outputs.append(output)
            statistics.append(statistics_of(made.metric, output, target))
            if target is not None and target.dim() == 1 and not target.is_floating_point():
                targets.append(target.numpy())
    if not outputs:
        raise WorkloadError("The data set must not be empty; give at least one batch.")
    rows = all(output.dim() == 2 for output in outputs)
    return _Outputs(
        tuple(outputs),
        np.concatenate(statistics),
        np.concatenate([output.argmax(-1).numpy() for output in outputs]) if rows else None,
        np.concatenate(targets) if rows and len(targets) == len(outputs) else None,
    )


def _divergences(made: Subject, reference: _Outputs, actual: _Outputs) -> Floats:
    scale = float(np.concatenate([squared_norms(x).numpy() for x in reference.outputs]).mean())
    values = [
        reference_of(made.divergence, x, scale).divergence(y).numpy()
        for x, y in zip(reference.outputs, actual.outputs, strict=True)
    ]
    return np.concatenate(values)


def _classes(names: tuple[str, ...], reference: _Outputs, actual: _Outputs) -> list[ClassDamage]:
    if reference.answers is None or reference.targets is None or actual.answers is None:
        return []
    damage = []
    for number in np.unique(reference.targets):
        of_class = reference.targets == number
        damage.append(
            ClassDamage(
                label=names[number] if number < len(names) else str(number),
                samples=int(of_class.sum()),
                reference=float((reference.answers[of_class] == number).mean()),
                actual=float((actual.answers[of_class] == number).mean()),
            )
        )
    return sorted(damage, key=lambda row: row.actual - row.reference)


def _drop(made: Subject, reference: _Outputs, actual: _Outputs) -> Interval | None:
    metric = made.metric
    if metric is None or reference.statistics.shape[1] == 0:
        return None
    value, low, high = paired_interval(metric, reference.statistics, actual.statistics)
    if metric.direction == "lower":
        value, low, high = -value, -high, -low
    return Interval(value, low, high)


def measure(workload: Workload, recipe: Recipe) -> Measurement:
    """Run a recipe on the sweep set, to guide a choice; `score` judges it on held-out data.

    Raises:
        RecipeMismatchError: the recipe belongs to another model.
    """
    made = subject(workload)
    reference = _run(made, None, made.parts.sweep)
    actual = _run(made, recipe, made.parts.sweep)
    divergence, low, high = mean_interval(_divergences(made, reference, actual))
    drop = _drop(made, reference, actual)
    return Measurement(
        divergence, low, high, drop.value if drop else None, samples=len(actual.statistics)
    )


def score(workload: Workload, recipe: Recipe) -> Score:
    """Judge a recipe on the evaluation set, beside the float model on the same samples.

    Intervals are 95 %, by the bootstrap over samples; differences are paired.

    Raises:
        RecipeMismatchError: the recipe belongs to another model.
        WorkloadError: the evaluation set is empty.
    """
    began = time.perf_counter()
    made = subject(workload)
    reference = _run(made, None, made.parts.evaluation)
    actual = _run(made, recipe, made.parts.evaluation)
    divergences = _divergences(made, reference, actual)
    divergence, low, high = mean_interval(divergences)
    metric, drop = made.metric, _drop(made, reference, actual)
    labelled = metric is not None and drop is not None
    figure = metric_interval(metric, reference.statistics) if metric and labelled else None
    quantised = metric_interval(metric, actual.statistics) if metric and labelled else None
    same = None
    if reference.answers is not None and actual.answers is not None:
        same = reference.answers == actual.answers
    name = metric.name if metric else ""
    changed = _changed(divergences, same)
    return Score(
        recipe=recipe,
        cost=recipe_cost(made.layers, recipe, other_bytes=made.other_bytes),
        workload=made.name,
        fingerprint=made.fingerprint,
        reference={name: figure[0]} if figure else {},
        actual={name: Interval(*quantised)} if quantised else {},
        drop={name: drop} if drop else {},
        metric=name if drop else None,
        direction=metric.direction if metric else "higher",
        divergence_kind=made.divergence,
        divergence=divergence,
        low=low,
        high=high,
        samples=len(divergences),
        seconds=time.perf_counter() - began,
        agreement=float(same.mean()) if same is not None else None,
        classes=tuple(_classes(workload.classes, reference, actual)),
        changed=changed,
        examples=_examples(workload, made, changed, reference, actual, divergences),
    )


def _examples(
    workload: Workload,
    made: Subject,
    changed: tuple[int, ...],
    reference: _Outputs,
    actual: _Outputs,
    divergences: Floats,
) -> tuple[ChangedExample, ...]:
    if reference.answers is None or actual.answers is None:
        return ()
    answers = (reference.answers, actual.answers)
    return changed_examples(made.parts.evaluation, changed, answers, divergences, workload.classes)


def _changed(divergences: Floats, same: NDArray[np.bool_] | None) -> tuple[int, ...]:
    """Samples whose answer changed, largest divergence first."""
    if same is None:
        return ()
    changed = np.flatnonzero(~same)
    order = np.argsort(-divergences[changed], kind="stable")
    return tuple(int(index) for index in changed[order])
