"""Task metrics and output divergences, as sums over samples that are divided once.

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

from analysis.sensitivity.points import Direction, Divergence


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

    def finish(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """The figure from column totals: shape (…, columns) to (…)."""


@dataclass(frozen=True, slots=True)
class Top1:
    """Share of samples whose largest output is the target class; higher is better."""

    name: str = "top1"
    direction: Direction = "higher"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: right, counted. Output (samples, …, classes), target (samples, …)."""
        right = (
            (output.argmax(-1) == target).double().flatten(1)
            if output.dim() > 2
            else (output.argmax(-1) == target).double().unsqueeze(1)
        )
        return torch.stack([right.sum(1), torch.full_like(right[:, 0], right.shape[1])], 1)

    def finish(self, totals: NDArray[np.float64]) -> NDArray[np.float64]:
        """Right divided by counted."""
        return totals[..., 0] / totals[..., 1]


def divergence_per_sample(kind: Divergence, reference: Tensor, actual: Tensor) -> Tensor:
    """Divergence of each sample's output, float64, shape (samples,).

    "kl": KL(softmax(reference) || softmax(actual)) over the last axis in nats, averaged over the
    axes between. "mse": squared error of the sample divided by the mean square of its reference
    output... see `mse_per_sample`.
    """
