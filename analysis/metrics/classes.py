"""Metrics of class scores: top-1, top-5, F1."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.errors import ModelError
from analysis.metrics.metric import Totals, check_classes, quotient, sums_and_counts
from analysis.sensitivity.points import Direction, Divergence


@dataclass(frozen=True, slots=True)
class Top1:
    """Share of answers whose largest output is the target class, in [0, 1]."""

    name: str = "top1"
    direction: Direction = "higher"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: right, counted. Output (samples, …, classes), target (samples, …)."""
        check_classes(output, target)
        return sums_and_counts(output.argmax(-1) == target)

    def finish(self, totals: Totals) -> Totals:
        """Right divided by counted."""
        return quotient(totals)


@dataclass(frozen=True, slots=True)
class Top5:
    """Share of answers whose target class is among the five largest outputs, in [0, 1]."""

    name: str = "top5"
    direction: Direction = "higher"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: right, counted. Output (samples, …, classes), target (samples, …).

        Raises:
            ModelError: there are fewer than five classes.
        """
        check_classes(output, target)
        if output.shape[-1] < 5:
            raise ModelError(
                f"Top-5 needs at least 5 classes; the model has {output.shape[-1]}. Take Top1()."
            )
        return sums_and_counts((output.topk(5, -1).indices == target.unsqueeze(-1)).any(-1))

    def finish(self, totals: Totals) -> Totals:
        """Right divided by counted."""
        return quotient(totals)


@dataclass(frozen=True, slots=True)
class F1:
    """2 TP / (2 TP + FP + FN), of one class or averaged over classes, in [0, 1].

    Attributes:
        average: "macro" is the mean over the classes that occur in targets or answers; "binary"
            is that of the class 1 of two. An output of one value a sample is a logit of class 1.
    """

    average: Literal["macro", "binary"] = "macro"
    name: str = "f1"
    direction: Direction = "higher"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: TP, FP and FN of each class. Output (samples, …, classes), target (samples, …).

        Raises:
            ModelError: "binary" with more than two classes.
        """
        if output.shape == target.shape:
            output = torch.stack([torch.zeros_like(output), output], -1)
        check_classes(output, target)
        classes = output.shape[-1]
        if self.average == "binary" and classes != 2:
            raise ModelError(
                f'F1("binary") needs two classes; the model has {classes}. Take F1("macro").'
            )
        answer, right = (
            F.one_hot(x.reshape(len(x), -1), classes) for x in (output.argmax(-1), target)
        )
        both = answer * right
        columns = (both, answer - both, right - both)
        return torch.cat([column.sum(1).double() for column in columns], 1)

    def finish(self, totals: Totals) -> Totals:
        """Divide, then average."""
        hit, wrong, missed = np.split(totals, 3, axis=-1)
        occurring = hit + wrong + missed > 0
        below = np.where(occurring, 2 * hit + wrong + missed, 1.0)
        each = 2 * hit / below
        if self.average == "binary":
            return np.asarray(each[..., 1])
        return np.asarray(each.sum(-1) / np.maximum(occurring.sum(-1), 1))
