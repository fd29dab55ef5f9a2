"""A user's own metric: a small class with `update` and `compute`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.errors import ModelError, WorkloadError
from analysis.metrics.metric import Counts, Rows, Totals
from analysis.sensitivity.points import Direction, Divergence

MOST_VALUES = 4096
"""Values of one sample's output and target that are kept to compute the metric again."""


class Accumulator(Protocol):
    """What a user writes; the metrics of torchmetrics have these two methods already."""

    def update(self, output: Tensor, target: Tensor) -> Any:
        """Take in a batch."""

    def compute(self) -> Any:
        """The figure over all batches: a number, or a tensor that holds one."""


@dataclass(frozen=True, slots=True)
class UserMetric:
    """An accumulator as a metric, with an interval by the bootstrap over samples.

    The outputs and targets of all samples are kept, and each resample is computed anew; so an
    output with its target may have at most 4,096 values a sample.

    Attributes:
        make: gives a fresh accumulator; the class itself, where it needs no arguments.
        name: the key in every document.
        direction: which way is better.
        divergence: that suits the outputs: "kl" for class scores, "mse" for values.
        resamples: "bootstrap" computes each resample; "none" gives the figure alone, for an
            accumulator that is too slow to be run some hundred times.
    """

    make: Callable[[], Accumulator]
    name: str
    direction: Direction
    divergence: Divergence = "kl"
    resamples: Literal["bootstrap", "none"] = "bootstrap"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: output axes, their sizes, target axes, their sizes, whole-number flag, values.

        Raises:
            ModelError: a sample has too many values to be kept.
        """
        values = output[0].numel() + target[0].numel()
        if values > MOST_VALUES:
            raise ModelError(
                f"A metric with update and compute takes at most {MOST_VALUES:,} values of output "
                f"and target a sample; here there are {values:,}. Write statistics and finish "
                "instead, or set Workload(output=…)."
            )
        head = [*_form(output), *_form(target), float(not target.is_floating_point())]
        heads = torch.tensor(head, dtype=torch.float64).expand(len(output), -1)
        flat = [x.double().reshape(len(x), -1) for x in (output, target)]
        return torch.cat([heads, *flat], 1)

    def pooled(self, rows: Rows, counts: Counts) -> Totals:
        """Run an accumulator on the samples of each resample, repeated as often as they count.

        Weights that are no whole numbers cannot be repeated; they are taken as 1 where above 0.
        """
        output, target = _tensors(rows)
        if self.resamples == "none" and len(counts) > 1:
            return np.full(len(counts), np.nan)
        whole = np.equal(counts, np.rint(counts)).all()
        times = np.rint(counts) if whole else counts > 0
        return np.array([self._figure(output, target, row) for row in times.astype(np.int64)])

    def _figure(self, output: Tensor, target: Tensor, times: NDArray[np.int64]) -> float:
        places = torch.from_numpy(np.repeat(np.arange(len(times)), times))
        made = self.make()
        made.update(output[places], target[places])
        try:
            return float(made.compute())
        except (TypeError, ValueError, RuntimeError) as error:
            raise WorkloadError(
                f"compute() of the metric {self.name} must give one number; it fails with "
                f"{type(error).__name__}: {error!s:.150}."
            ) from error


def _form(tensor: Tensor) -> list[float]:
    return [float(tensor.dim() - 1), *map(float, tensor.shape[1:])]


def _tensors(rows: Rows) -> tuple[Tensor, Tensor]:
    """Output and target of all samples from their rows."""
    first = rows[0]
    axes = int(first[0])
    shape = [int(size) for size in first[1 : 1 + axes]]
    place = 1 + axes
    target_axes = int(first[place])
    target_shape = [int(size) for size in first[place + 1 : place + 1 + target_axes]]
    place += 1 + target_axes
    whole = bool(first[place])
    values = torch.from_numpy(rows[:, place + 1 :])
    size = int(np.prod(shape, dtype=np.int64))
    output = values[:, :size].reshape(len(rows), *shape).float()
    target = values[:, size:].reshape(len(rows), *target_shape)
    return output, target.long() if whole else target.float()
