"""Mean intersection over union."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from analysis.metrics.metric import Totals, check_classes
from analysis.sensitivity.points import Direction, Divergence

CLASS_AXIS = 1
"""Segmentation networks give (samples, classes, height, width)."""


@dataclass(frozen=True, slots=True)
class MeanIou:
    """TP / (TP + FP + FN) of each class over all pixels of all samples, averaged, in [0, 1].

    Everingham et al., IJCV 88 (2010), section 4.1.3. Classes that occur neither in the targets nor
    in the answers are left out of the mean.

    Attributes:
        ignored: a target that is not counted, such as 255 for borders.
    """

    name: str = "miou"
    direction: Direction = "higher"
    divergence: Divergence = "kl"
    ignored: int | None = 255
    class_axis: int = CLASS_AXIS

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: intersection, then union, of each class.

        Args:
            output: (samples, …, classes): the class axis has been brought to the end.
            target: class numbers, (samples, …).
        """
        check_classes(output, target, self.ignored)
        classes = output.shape[-1]
        counted = torch.ones_like(target, dtype=torch.bool)
        if self.ignored is not None:
            counted = target != self.ignored
        rows = []
        for answer, right, real in zip(output.argmax(-1), target, counted, strict=True):
            pairs = classes * right[real].flatten() + answer[real].flatten()
            table = torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)
            both = table.diagonal()
            rows.append(torch.cat([both, table.sum(0) + table.sum(1) - both]))
        return torch.stack(rows).double()

    def finish(self, totals: Totals) -> Totals:
        """Divide for each class, then average over those that occur."""
        both, either = np.split(totals, 2, axis=-1)
        each = np.where(either > 0, both / np.where(either > 0, either, 1.0), 0.0)
        return np.asarray(each.sum(-1) / np.maximum((either > 0).sum(-1), 1))
