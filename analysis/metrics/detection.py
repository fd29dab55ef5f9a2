"""Mean average precision of boxes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from analysis.errors import ModelError
from analysis.metrics.boxes import matches
from analysis.metrics.metric import Counts, Rows, Totals
from analysis.sensitivity.points import Direction, Divergence

THRESHOLDS = tuple(0.5 + 0.05 * step for step in range(10))
"""Overlaps from 0.50 to 0.95 (Lin et al., arXiv 1405.0312)."""

RECALLS = np.linspace(0.0, 1.0, 101)
"""Where precision is read off, as the COCO evaluation does."""


@dataclass(frozen=True, slots=True)
class MeanAveragePrecision:
    """Precision averaged over recall, overlap thresholds and classes, in [0, 1].

    As the COCO evaluation (Lin et al., arXiv 1405.0312): 101 recalls, ten thresholds of IoU, at
    most 100 detections an image; no crowd regions and no size classes.

    Attributes:
        boxes: makes detections from the output tensor: (samples, detections, 6) with x1, y1, x2,
            y2, score, class; a score of 0 or less is no detection. None takes the output as that.
        thresholds: overlaps, at most 10.
        most: detections of an image that count, and room for its targets.
    """

    boxes: Callable[[Tensor], Tensor] | None = None
    thresholds: tuple[float, ...] = THRESHOLDS
    most: int = 100
    name: str = "map"
    direction: Direction = "higher"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: score, class and matched thresholds (bits) of `most` detections, then classes.

        Args:
            output: of the model.
            target: (samples, boxes, 5) with x1, y1, x2, y2, class; a class below 0 is no box.

        Raises:
            ModelError: output or target has another form.
        """
        found = output if self.boxes is None else self.boxes(output)
        if found.dim() != 3 or found.shape[-1] != 6 or len(found) != len(target):
            raise ModelError(
                f"Detections must have shape (samples, detections, 6): x1, y1, x2, y2, score, "
                f"class; they have {tuple(found.shape)}. Give "
                "MeanAveragePrecision(boxes=…) a function that makes them from the output."
            )
        if target.dim() != 3 or target.shape[-1] != 5 or target.shape[1] > self.most:
            raise ModelError(
                f"Targets of detection must have shape (samples, at most {self.most} boxes, 5): "
                f"x1, y1, x2, y2, class (below 0 for no box); they have {tuple(target.shape)}."
            )
        rows = [self._row(own, right) for own, right in zip(found, target, strict=True)]
        return torch.from_numpy(np.stack(rows))

    def _row(self, found: Tensor, target: Tensor) -> Rows:
        """One image; empty places have score 0 and class -1."""
        detections = found[found[:, 4] > 0].double().numpy()
        detections = detections[np.argsort(-detections[:, 4], kind="stable")[: self.most]]
        right = target[target[:, 4] >= 0].double().numpy()
        places = np.zeros((3, self.most))
        places[1] = -1
        count = len(detections)
        places[0, :count], places[1, :count] = detections[:, 4], detections[:, 5]
        places[2, :count] = matches(detections, right, self.thresholds)
        classes = np.full(self.most, -1.0)
        classes[: len(right)] = right[:, 4]
        return np.concatenate([places.ravel(), classes])

    def pooled(self, rows: Rows, counts: Counts) -> Totals:
        """Mean over the classes that have targets; NaN where a resample holds none."""
        scores, classes, bits, targets = rows.reshape(len(rows), 4, self.most).swapaxes(0, 1)
        known = np.unique(targets[targets >= 0])
        each = np.full((len(known), len(counts)), np.nan)
        for place, number in enumerate(known):
            wanted = counts @ (targets == number).sum(1)
            image, column = np.nonzero(classes == number)
            order = np.argsort(-scores[image, column], kind="stable")
            drawn = counts[:, image[order]]
            hits = bits[image, column][order].astype(np.int64)
            found = [
                average_precision(drawn, (hits >> bit & 1).astype(bool), wanted)
                for bit in range(len(self.thresholds))
            ]
            each[place] = np.where(wanted > 0, np.mean(found, axis=0), np.nan)
        counted = np.isfinite(each)
        total = np.where(counted, each, 0.0).sum(0)
        return np.where(counted.any(0), total / np.maximum(counted.sum(0), 1), np.nan)


def average_precision(drawn: Counts, hit: Rows, wanted: Totals) -> Totals:
    """Precision at 101 recalls, each the best at that recall or above, averaged.

    Args:
        drawn: how often each detection counts in each resample, by falling score,
            (resamples, detections).
        hit: whether it matched a box, (detections,).
        wanted: boxes there are, (resamples,).
    """
    if drawn.shape[1] == 0:
        return np.zeros(len(drawn))
    right = np.cumsum(drawn * hit, axis=1)
    shown = np.cumsum(drawn, axis=1)
    precision = np.divide(right, shown, out=np.zeros_like(right), where=shown > 0)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    recall = np.divide(right, wanted[:, None], out=np.zeros_like(right), where=wanted[:, None] > 0)
    averages = np.empty(len(drawn))
    for row in range(len(drawn)):
        places = np.searchsorted(recall[row], RECALLS - 1e-12)
        inside = places < recall.shape[1]
        averages[row] = best[row, places[inside]].sum() / len(RECALLS)
    return averages
