"""A model with its data and its metric, as the user brings it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from analysis.metrics import Metric
from analysis.sensitivity.points import Divergence

Inputs = Tensor | tuple[Tensor, ...] | Mapping[str, Tensor]
"""Positional tensors or keywords, the sample axis first."""

Batch = tuple[Inputs, Tensor | None]
"""Inputs and target; the target is None where there are no labels."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True, kw_only=True)
class Workload:
    """What a user brings. The three data parts must hold different samples.

    Attributes:
        model: in eval mode; left as it was found.
        calibration: batches for the ranges; any iterable that can be iterated several times.
        evaluation: batches for the final score, used for nothing else.
        sweep: batches for the sensitivity scores; None takes the second half of `calibration`
            and leaves its first half for the ranges.
        metric: the task metric that guides choices; None when there are no labels.
        metrics: further metrics, which scores show beside it.
        output: takes the output tensor from what the model returns; by default a tensor itself,
            the first of a tuple, `.logits`, or all tensors of a dict or list side by side.
        class_axis: axis of the classes in the output, for "kl"; None takes 1 for segmentation
            (outputs of four axes), else the last. Metrics get the classes on the last axis.
        divergence: None takes "kl" where the metric is one of classes or tokens (and without a
            metric), else "mse".
        fold_batch_norm: fold batch norms into the preceding weights, on a copy of the model.
        equalize: bring the channels of neighbouring layers to like sizes, and outlier channels of
            normalised activations into the weights, on a copy of the model.
        group_layers: find layers that belong together (q, k and v; gate and up; inputs that meet in
            a residual add or a concatenation) and give them one decision.
        classes: names of the classes, for pictures.
        columns: names of the values of a row, in the order of the input tensors, for people.
        categories: of a column whose values are numbers of texts, the texts, for people.
        candidates: of a model that scores a list of candidates, the last of `columns`, which names
            the first of them; the highest is then told by its text, for people.
        decode: reads token numbers as text, for people.
        source: how a worker finds it again ("fashion-mnist", "/path/my_case.py:make"); set by
            `load_workload`.
    """

    name: str
    model: nn.Module
    calibration: Iterable[Batch]
    evaluation: Iterable[Batch]
    sweep: Iterable[Batch] | None = None
    metric: Metric | None = None
    metrics: tuple[Metric, ...] = ()
    output: Callable[[Any], Tensor] | None = None
    class_axis: int | None = None
    divergence: Divergence | None = None
    fold_batch_norm: bool = True
    equalize: bool = False
    group_layers: bool = True
    classes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    candidates: str | None = None
    decode: Callable[[Sequence[int]], str] | None = None
    description: str = ""
    source: str | None = None

    def __post_init__(self) -> None:
        if self.candidates is not None and self.candidates != (None, *self.columns)[-1]:
            raise ValueError(
                f"Candidates must be the last of the columns {self.columns}, not "
                f"{self.candidates!r}: it names the first candidate, and the others follow it."
            )

    @property
    def all_metrics(self) -> tuple[Metric, ...]:
        """The main metric, then the others."""
        return (*(() if self.metric is None else (self.metric,)), *self.metrics)

    @property
    def divergence_kind(self) -> Divergence:
        """The divergence in force."""
        if self.divergence is not None:
            return self.divergence
        return self.metric.divergence if self.metric is not None else "kl"


def call_model(model: nn.Module, inputs: Inputs) -> Any:
    """Run the model on one batch of inputs, positional or by keyword."""
    if isinstance(inputs, torch.Tensor):
        return model(inputs)
    if isinstance(inputs, Mapping):
        return model(**inputs)
    return model(*inputs)
