"""The float model on the sweep set: once, before anything is quantised."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.divergence import squared_norms
from analysis.errors import ModelError
from analysis.metrics import Metric, stacked, statistics_rows, target_of
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.points import Divergence
from analysis.simulate.simulated import simulated
from analysis.workloads.parts import cut_batches
from analysis.workloads.subject import Subject

Floats = NDArray[np.float64]

KEPT_COLUMNS = 64
"""A sweep keeps so many statistics of each sample and cell at most; a metric that needs more, such
as mean average precision, is measured in scores alone."""


@dataclass(frozen=True, slots=True, eq=False)
class FloatRun:
    """What the float model does on the sweep set.

    Attributes:
        reference: metric name to value; empty without labels.
        scale: mean squared output norm, the unit of the "mse" divergence.
        impurity: Gini impurity 1 - sum p^2 of each sample's output (mean over positions), in
            [0, 1]: where the float model is unsure, quantisation has something to change. Ones
            for outputs that are no probabilities.
        columns: size of one sample's output.
    """

    reference: dict[str, float]
    scale: float
    impurity: Floats
    columns: int

    @property
    def samples(self) -> int:
        """Size of the sweep set."""
        return len(self.impurity)


def kept_statistics(
    metric: Metric | None, output: Tensor, target: Tensor | None, reference: Tensor
) -> Floats:
    """What a sweep keeps: as `statistics_rows`, no columns where there are more than it keeps."""
    wanted = target_of(metric, target, reference)
    if metric is None or wanted is None:
        return np.empty((len(output), 0))
    if output[0].numel() > KEPT_COLUMNS:
        first = statistics_rows(metric, output[:1], wanted[:1], reference[:1])
        if first.shape[1] > KEPT_COLUMNS:
            return np.empty((len(output), 0))
    rows = statistics_rows(metric, output, target, reference)
    return rows if rows.shape[1] <= KEPT_COLUMNS else np.empty((len(output), 0))


def gini_impurity(kind: Divergence, output: Tensor) -> Floats:
    """1 - sum p^2 of the softmax over the last axis, averaged over the axes between."""
    if kind == "mse":
        return np.ones(len(output))
    p = output.double().softmax(-1)
    return np.asarray((1 - p.square().sum(-1)).reshape(len(output), -1).mean(1).numpy())


def _check_finite(output: Tensor, before: int) -> None:
    bad = (~torch.isfinite(output.reshape(len(output), -1)).all(1)).nonzero().flatten().tolist()
    if bad:
        raise ModelError(
            "The float model's outputs must be finite; it gives NaN or infinity on sample "
            f"{before + bad[0]} of the sweep set. Check that sample, the weights and the "
            "preprocessing."
        )


def run_float(made: Subject, size: int) -> FloatRun:
    """Run the float model over the sweep set in batches of `size`.

    Raises:
        ModelError: an output is not finite; its sample is named.
    """
    norms: list[Floats] = []
    statistics: list[Floats] = []
    impurity: list[Floats] = []
    columns = 0
    with simulated(made, None) as forward:
        for inputs, target in cut_batches(made.parts.sweep, size):
            output = forward(inputs)
            _check_finite(output, sum(map(len, norms)))
            columns = output[0].numel()
            norms.append(squared_norms(output).numpy())
            statistics.append(kept_statistics(made.metric, output, target, output))
            impurity.append(gini_impurity(made.divergence, output))
    rows = stacked(statistics)
    metric = made.metric if rows.shape[1] else None
    return FloatRun(
        reference={metric.name: metric_value(metric, rows)} if metric else {},
        scale=float(np.concatenate(norms).mean()),
        impurity=np.concatenate(impurity),
        columns=columns,
    )
