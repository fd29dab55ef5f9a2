"""Two metrics of a face detector: is there a face, and is the box where the float model has it."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from analysis.metrics import Totals
from analysis.metrics.metric import quotient, sums_and_counts
from analysis.sensitivity.terms import Direction, Divergence
from analysis.workloads.zoo.nets.centerface import STRIDE

THRESHOLD = 0.5


def best_boxes(maps: Tensor) -> Tensor:
    """The box at each image's highest place: (samples, 4), x1, y1, x2, y2 in pixels.

    The size maps hold logarithms of height and width in cells, the offset maps y and x.
    """
    samples, _, _, width = maps.shape
    flat = maps.double().flatten(2)
    place = flat[:, 0].argmax(1)
    values = flat[torch.arange(samples), 1:5, place]
    height, breadth = (values[:, n].exp() * STRIDE for n in (0, 1))
    y = (place // width + values[:, 2] + 0.5) * STRIDE
    x = (place % width + values[:, 3] + 0.5) * STRIDE
    return torch.stack([x - breadth / 2, y - height / 2, x + breadth / 2, y + height / 2], 1)


def overlap(first: Tensor, second: Tensor) -> Tensor:
    """Intersection over union of boxes, row by row: two times (samples, 4) to (samples,)."""
    low, high = (
        torch.maximum(first[:, :2], second[:, :2]),
        torch.minimum(first[:, 2:], second[:, 2:]),
    )
    shared = (high - low).clamp_min(0).prod(1)
    areas = sum((box[:, 2:] - box[:, :2]).prod(1) for box in (first, second))
    return shared / (areas - shared)


@dataclass(frozen=True, slots=True)
class FaceFound:
    """Share of images where the face map rises above 0.5 just when there is a face, in [0, 1]."""

    name: str = "face_found"
    direction: Direction = "higher"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: right, counted. Output (samples, 15, h, w), target 0 or 1."""
        found = output[:, 0].flatten(1).amax(1) > THRESHOLD
        return sums_and_counts(found == (target == 1))

    def finish(self, totals: Totals) -> Totals:
        """Right divided by counted."""
        return quotient(totals)


@dataclass(frozen=True, slots=True)
class BoxIou:
    """Mean overlap of the best box with the float model's, over images where that sees a face.

    A likeness to the float model, and no average precision: nobody drew boxes here.
    """

    name: str = "box_iou"
    direction: Direction = "higher"
    divergence: Divergence = "mse"
    compared_with: Literal["float output"] = "float output"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: overlap, counted. Both (samples, 15, h, w)."""
        seen = target[:, 0].flatten(1).amax(1) > THRESHOLD
        return sums_and_counts(overlap(best_boxes(target), best_boxes(output)), seen)

    def finish(self, totals: Totals) -> Totals:
        """Overlap divided by counted."""
        return quotient(totals)
