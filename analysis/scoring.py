"""A recipe applied to a workload and judged: on held-out data, or on the sweep set."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analysis.allocation.budget import Measurement
from analysis.cost import recipe_cost
from analysis.divergence import reference_of, squared_norms
from analysis.errors import WorkloadError
from analysis.metrics import Metric, stacked, statistics_rows
from analysis.recipe import Recipe
from analysis.scores import ChangedExample, ClassDamage, Interval, Score, packed_divergences
from analysis.sensitivity.exact import chunk_size
from analysis.sensitivity.intervals import metric_interval, metric_value, paired_interval
from analysis.sensitivity.resampling import mean_interval
from analysis.simulate.simulated import simulated
from analysis.workloads.examples import Words, changed_examples
from analysis.workloads.parts import cut_batches, tensors_of
from analysis.workloads.sample_words import is_tokens
from analysis.workloads.subject import Subject, subject
from analysis.workloads.token_changes import TokenChanges, token_changes
from analysis.workloads.workload import Batch, Workload

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Outputs:
    """What one model gave on a set, sample by sample.

    Attributes:
        statistics: of each metric, by its name; without columns where it has no labels.
        answers: arg-max of each sample's output, (samples,); None where the output is no row of
            class scores.
        targets: class numbers, likewise.
    """

    outputs: tuple[Tensor, ...]
    statistics: Mapping[str, Floats]
    answers: NDArray[np.int64] | None
    targets: NDArray[np.int64] | None


def _run(
    made: Subject,
    recipe: Recipe | None,
    batches: Iterable[Batch],
    reference: _Outputs | None = None,
) -> _Outputs:
    """Run a set; `reference` is the float run on it, None where this is the float run itself."""
    outputs: list[Tensor] = []
    statistics: dict[str, list[Floats]] = {metric.name: [] for metric in made.metrics}
    targets: list[NDArray[np.int64]] = []
    with simulated(made, recipe) as forward:
        for inputs, target in cut_batches(batches, made.whole(chunk_size(made.layers))):
            output = forward(inputs)
            exact = output if reference is None else reference.outputs[len(outputs)]
            outputs.append(output)
            for metric in made.metrics:
                statistics[metric.name].append(statistics_rows(metric, output, target, exact))
            if target is not None and target.dim() == 1 and not target.is_floating_point():
                targets.append(target.numpy())
    if not outputs:
        raise WorkloadError("The data set must not be empty; give at least one batch.")
    # the largest of some values is no answer, unless a metric takes it for one
    classes = "kl" in (made.divergence, *(metric.divergence for metric in made.metrics))
    rows = classes and all(output.dim() == 2 for output in outputs)
    return _Outputs(
        tuple(outputs),
        {name: stacked(parts) for name, parts in statistics.items()},
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


def _measured(made: Subject, outputs: _Outputs) -> tuple[Metric, ...]:
    """The metrics that have a figure: all of them where there are labels."""
    return tuple(metric for metric in made.metrics if outputs.statistics[metric.name].shape[1])


def _drop(metric: Metric, reference: _Outputs, actual: _Outputs) -> Interval:
    name = metric.name
    value, low, high = paired_interval(metric, reference.statistics[name], actual.statistics[name])
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
    actual = _run(made, recipe, made.parts.sweep, reference)
    divergences = _divergences(made, reference, actual)
    divergence, low, high = mean_interval(divergences)
    main = [metric for metric in _measured(made, reference) if metric == made.metric]
    drop = _drop(main[0], reference, actual).value if main else None
    return Measurement(divergence, low, high, drop, samples=len(divergences))


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
    actual = _run(made, recipe, made.parts.evaluation, reference)
    divergences = _divergences(made, reference, actual)
    divergence, low, high = mean_interval(divergences)
    measured = _measured(made, reference)
    main = made.metric if made.metric in measured else None
    same = None
    if reference.answers is not None and actual.answers is not None:
        same = reference.answers == actual.answers
    tokens = _tokens(made, reference, actual) if same is None else None
    changed = _changed(divergences, same if tokens is None else tokens.same)
    return Score(
        recipe=recipe,
        cost=recipe_cost(made.layers, recipe, other_bytes=made.other_bytes),
        workload=made.name,
        fingerprint=made.fingerprint,
        reference={x.name: metric_value(x, reference.statistics[x.name]) for x in measured},
        actual={x.name: Interval(*metric_interval(x, actual.statistics[x.name])) for x in measured},
        drop={x.name: _drop(x, reference, actual) for x in measured},
        metric=main.name if main else None,
        direction=main.direction if main else "higher",
        directions={x.name: x.direction for x in measured},
        divergence_kind=made.divergence,
        divergence=divergence,
        low=low,
        high=high,
        samples=len(divergences),
        seconds=time.perf_counter() - began,
        agreement=float(same.mean()) if same is not None else None,
        classes=tuple(_classes(workload.classes, reference, actual)),
        changed=changed,
        examples=_examples(workload, made, changed, tokens or (reference, actual), divergences),
        by_sample=packed_divergences(divergences),
    )


def _tokens(made: Subject, reference: _Outputs, actual: _Outputs) -> TokenChanges | None:
    """Where next tokens changed; None where the model does not give one distribution a token."""
    first = next(iter(made.parts.evaluation), None)
    if first is None or not is_tokens(tensors_of(first[0])[0][0]) or made.divergence != "kl":
        return None
    length = tensors_of(first[0])[0].shape[1]
    if any(output.dim() != 3 or output.shape[1] != length for output in reference.outputs):
        return None
    return token_changes(reference.outputs, actual.outputs)


def _examples(
    workload: Workload,
    made: Subject,
    changed: tuple[int, ...],
    told: TokenChanges | tuple[_Outputs, _Outputs],
    divergences: Floats,
) -> tuple[ChangedExample, ...]:
    words = Words(
        workload.classes,
        workload.decode,
        workload.columns,
        workload.categories,
        workload.candidates,
    )
    if isinstance(told, TokenChanges):
        return changed_examples(made.parts.evaluation, changed, told, divergences, words)
    before, after = (outputs.answers for outputs in told)
    if before is None or after is None:
        return ()
    answers = (before, after)
    return changed_examples(made.parts.evaluation, changed, answers, divergences, words)


def _changed(divergences: Floats, same: NDArray[np.bool_] | None) -> tuple[int, ...]:
    """Samples whose answer changed, largest divergence first."""
    if same is None:
        return ()
    changed = np.flatnonzero(~same)
    order = np.argsort(-divergences[changed], kind="stable")
    return tuple(int(index) for index in changed[order])
