"""What a task metric is: rows of statistics, one for each sample, and a figure from them.

One evaluation thus yields the figure, its bootstrap interval and any sub-total. Where the figure
follows from the rows' sums (`SummedMetric`), the rows are added up and divided once. Where it does
not, as for a rank statistic (`PooledMetric`), it is made anew from the rows of each resample.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.errors import ModelError, WorkloadError
from analysis.sensitivity.points import Direction, Divergence

Totals = NDArray[np.float64]
Rows = NDArray[np.float64]
Counts = NDArray[np.float64]


@runtime_checkable
class SummedMetric(Protocol):
    """A metric that sums decide; a user's own class needs these five names and nothing else."""

    @property
    def name(self) -> str:
        """Short name, such as ``top1``: the key in every document."""

    @property
    def direction(self) -> Direction:
        """Which way is better."""

    @property
    def divergence(self) -> Divergence:
        """The divergence that suits this task's outputs."""

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """One float64 row a sample, shape (samples, columns)."""

    def finish(self, totals: Totals) -> Totals:
        """The figure from column totals: shape (…, columns) to (…)."""


@runtime_checkable
class PooledMetric(Protocol):
    """A metric that needs the rows of all samples at once, such as an area under a curve."""

    @property
    def name(self) -> str:
        """Short name: the key in every document."""

    @property
    def direction(self) -> Direction:
        """Which way is better."""

    @property
    def divergence(self) -> Divergence:
        """The divergence that suits this task's outputs."""

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """One float64 row a sample, shape (samples, columns)."""

    def pooled(self, rows: Rows, counts: Counts) -> Totals:
        """The figure of each resample.

        Args:
            rows: statistics, (samples, columns).
            counts: how often each sample counts in each resample, (resamples, samples).

        Returns:
            (resamples,).
        """


Metric = SummedMetric | PooledMetric


@runtime_checkable
class FloatMetric(Protocol):
    """A metric whose target is what the float model gives; it needs no labels."""

    @property
    def compared_with(self) -> Literal["float output"]:
        """What `statistics` gets as its target."""


def target_of(metric: Metric | None, target: Tensor | None, reference: Tensor) -> Tensor | None:
    """What a metric compares an output with: labels, or what the float model gives."""
    return reference if hasattr(metric, "compared_with") else target


def statistics_rows(
    metric: Metric | None, output: Tensor, target: Tensor | None, reference: Tensor
) -> Rows:
    """A metric's statistics of some samples, (samples, columns); no columns without a target.

    The rows of a pooled metric begin with a 1: whatever weight the rows are multiplied with can
    be told from it.

    Args:
        metric: None gives no columns.
        output: of the model as it is judged, (samples, …).
        target: labels; None where there are none.
        reference: the float model's output on the same samples.
    """
    wanted = target_of(metric, target, reference)
    if metric is None or wanted is None:
        return np.empty((len(output), 0))
    rows = np.asarray(metric.statistics(output, wanted).double().numpy())
    if hasattr(metric, "pooled"):  # a twentieth of the time that isinstance takes
        return np.concatenate([np.ones((len(rows), 1)), rows], axis=1)
    return rows


def stacked(parts: Sequence[Rows]) -> Rows:
    """Rows of several batches as one table.

    Raises:
        WorkloadError: some batches have targets and others none, or of other shapes.
    """
    if len({part.shape[1] for part in parts}) > 1:
        raise WorkloadError(
            "All batches must have targets, or none, and outputs of one shape a sample; they "
            "differ from batch to batch. Pad them to one shape, or leave the targets out."
        )
    return np.concatenate(parts)


def figures(metric: Metric, statistics: Rows, counts: Counts) -> Totals:
    """The metric of each resample, (resamples,).

    Args:
        metric: that gave the statistics.
        statistics: of `statistics_rows`, perhaps each row multiplied with a weight above 0.
        counts: how often each sample counts in each resample, (resamples, samples).
    """
    if hasattr(metric, "pooled"):
        weights = statistics[:, :1]
        return metric.pooled(statistics[:, 1:] / weights, counts * weights[:, 0])
    return metric.finish(counts @ statistics)


def figure(metric: Metric, statistics: Rows) -> float:
    """The metric over all samples."""
    return float(figures(metric, statistics, np.ones((1, len(statistics))))[0])


def sums_and_counts(values: Tensor, counted: Tensor | None = None) -> Tensor:
    """Sum and number of each sample's values: (samples, …) to (samples, 2).

    Args:
        values: one for each place.
        counted: which places count, same shape; None counts all.
    """
    rows = values.double().reshape(len(values), -1)
    if counted is None:
        return torch.stack([rows.sum(1), torch.full_like(rows[:, 0], rows.shape[1])], 1)
    real = counted.reshape(len(values), -1)
    return torch.stack([torch.where(real, rows, 0.0).sum(1), real.sum(1).double()], 1)


def quotient(totals: Totals) -> Totals:
    """First column divided by the second; NaN where nothing was counted."""
    none = np.full(totals.shape[:-1], np.nan)
    counted = totals[..., 1] != 0
    return np.asarray(np.divide(totals[..., 0], totals[..., 1], out=none, where=counted))


def check_classes(output: Tensor, target: Tensor, ignored: int | None = None) -> None:
    """Targets are class numbers of the outputs' shape without its last axis.

    Raises:
        ModelError: they are not.
    """
    if output.shape[:-1] != target.shape or target.is_floating_point():
        raise ModelError(
            f"The targets must be class numbers of shape {tuple(output.shape[:-1])} to fit outputs "
            f"of shape {tuple(output.shape)}; they are {target.dtype} of shape "
            f"{tuple(target.shape)}. Check the data or choose another metric."
        )
    real = target if ignored is None else target[target != ignored]
    if real.numel() and not 0 <= int(real.min()) <= int(real.max()) < output.shape[-1]:
        raise ModelError(
            f"Class numbers must lie between 0 and {output.shape[-1] - 1}, the model's outputs; "
            f"the data holds {int(real.min())} to {int(real.max())}. Check the labels."
        )


def check_shape(output: Tensor, target: Tensor) -> None:
    """Targets have the outputs' shape.

    Raises:
        ModelError: they have not.
    """
    if output.shape != target.shape:
        raise ModelError(
            f"Targets must have the outputs' shape {tuple(output.shape)}, not "
            f"{tuple(target.shape)}; reshape the targets or set Workload(output=…)."
        )
