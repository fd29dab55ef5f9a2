"""Task metrics, as sums over samples that are divided once.

A metric gives each sample a row of statistics (`statistics`); their totals make the figure
(`finish`). One evaluation thus yields the figure, its bootstrap interval and any sub-total.
torchmetrics is the oracle in the tests.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.errors import ModelError
from analysis.sensitivity.points import Direction, Divergence

Totals = NDArray[np.float64]


@runtime_checkable
class Metric(Protocol):
    """A task metric; a user's own class needs these five names and nothing else."""

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


def _per_sample(values: Tensor) -> Tensor:
    """Sum and count of each sample's values: (samples, …) to (samples, 2)."""
    rows = values.double().reshape(len(values), -1)
    return torch.stack([rows.sum(1), torch.full_like(rows[:, 0], rows.shape[1])], 1)


def _check_classes(output: Tensor, target: Tensor) -> None:
    if output.shape[:-1] != target.shape or target.is_floating_point():
        raise ModelError(
            f"The targets must be class numbers of shape {tuple(output.shape[:-1])} to fit outputs "
            f"of shape {tuple(output.shape)}; they are {target.dtype} of shape "
            f"{tuple(target.shape)}. Check the data or choose another metric."
        )
    if target.numel() and not 0 <= int(target.min()) <= int(target.max()) < output.shape[-1]:
        raise ModelError(
            f"Class numbers must lie between 0 and {output.shape[-1] - 1}, the model's outputs; "
            f"the data holds {int(target.min())} to {int(target.max())}. Check the labels."
        )


@dataclass(frozen=True, slots=True)
class Top1:
    """Share of answers whose largest output is the target class, in [0, 1]."""

    name: str = "top1"
    direction: Direction = "higher"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: right, counted. Output (samples, …, classes), target (samples, …)."""
        _check_classes(output, target)
        return _per_sample(output.argmax(-1) == target)

    def finish(self, totals: Totals) -> Totals:
        """Right divided by counted."""
        return np.asarray(totals[..., 0] / totals[..., 1])


@dataclass(frozen=True, slots=True)
class Perplexity:
    """Exponential of the mean negative log-likelihood of the target tokens."""

    name: str = "perplexity"
    direction: Direction = "lower"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: summed nats, counted. Output (samples, …, tokens), target (samples, …)."""
        _check_classes(output, target)
        log_p = output.double().log_softmax(-1)
        return _per_sample(-log_p.gather(-1, target.unsqueeze(-1)).squeeze(-1))

    def finish(self, totals: Totals) -> Totals:
        """exp(nats / counted)."""
        return np.asarray(np.exp(totals[..., 0] / totals[..., 1]))


@dataclass(frozen=True, slots=True)
class Rmse:
    """Root of the mean squared error, in the unit of the target."""

    name: str = "rmse"
    direction: Direction = "lower"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: summed squares, counted. Output and target of one shape."""
        if output.shape != target.shape:
            raise ModelError(
                f"Targets must have the outputs' shape {tuple(output.shape)}, not "
                f"{tuple(target.shape)}; reshape the targets or set Workload(output=…)."
            )
        return _per_sample((output.double() - target.double()) ** 2)

    def finish(self, totals: Totals) -> Totals:
        """sqrt(squares / counted)."""
        return np.asarray(np.sqrt(totals[..., 0] / totals[..., 1]))
