"""Area under the ROC curve."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.errors import ModelError
from analysis.metrics.metric import Counts, Rows, Totals, check_classes
from analysis.sensitivity.points import Direction, Divergence

BLOCK = 1 << 21
"""Places of all resamples worked on at once: 16 MiB of float64 for each array."""


@dataclass(frozen=True, slots=True)
class Auc:
    """Area under the ROC curve: the chance that a positive scores above a negative, ties half.

    Two classes, or one value a sample (a logit or probability of class 1); with more classes the
    mean over classes, each against all others, of their softmax probabilities. An output with
    several positions a sample counts each of them.
    """

    name: str = "auc"
    direction: Direction = "higher"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns: number of scores a position, then the scores, then the targets.

        Args:
            output: (samples, …) scores of class 1, or (samples, …, classes).
            target: class numbers, (samples, …).
        """
        scores = _scores(output, target)
        count = torch.full((len(target), 1), scores.shape[-1], dtype=torch.float64)
        flat = scores.reshape(len(scores), -1)
        return torch.cat([count, flat, target.double().reshape(len(target), -1)], 1)

    def pooled(self, rows: Rows, counts: Counts) -> Totals:
        """Mann-Whitney of each resample; NaN where it holds one class alone."""
        width = int(rows[0, 0])
        positions = (rows.shape[1] - 1) // (width + 1)
        scores = rows[:, 1 : 1 + width * positions].reshape(-1, width)
        targets = rows[:, 1 + width * positions :].reshape(-1)
        step = max(1, BLOCK // len(targets))
        blocks = [counts[start : start + step] for start in range(0, len(counts), step)]
        return np.concatenate(
            [_areas(scores, targets, np.repeat(block, positions, axis=1)) for block in blocks]
        )


def _areas(scores: Rows, targets: Rows, weights: Counts) -> Totals:
    """The area, or the mean over classes of each against the rest, of each resample."""
    width = scores.shape[1]
    if width == 1:
        return area(scores[:, 0], targets == 1, weights)
    each = np.stack([area(scores[:, c], targets == c, weights) for c in range(width)])
    known = np.isfinite(each)
    total = np.where(known, each, 0.0).sum(0)
    return np.where(known.any(0), total / np.maximum(known.sum(0), 1), np.nan)


def _scores(output: Tensor, target: Tensor) -> Tensor:
    """Float64 scores, (samples, …, 1) for two classes, else (samples, …, classes)."""
    if output.shape == (*target.shape, 1):
        output = output.squeeze(-1)
    if output.shape != target.shape:
        check_classes(output, target)
        double = output.double()
        return double[..., 1:] - double[..., :1] if output.shape[-1] == 2 else double.softmax(-1)
    if not bool(((target == 0) | (target == 1)).all()):
        raise ModelError(
            "Targets must be 0 or 1 where the model gives one score a sample; they are not. Check "
            "the labels, or give a score for each class."
        )
    return output.double().unsqueeze(-1)


def area(scores: Rows, positive: NDArray[np.bool_], weights: Counts) -> Totals:
    """Chance that a positive scores above a negative, ties counted half.

    Hanley and McNeil, Radiology 143 (1982): the area under the ROC curve is the Mann-Whitney
    statistic divided by the number of pairs.

    Args:
        scores: (places,).
        positive: (places,).
        weights: of each place in each resample, (resamples, places).

    Returns:
        (resamples,); NaN where a resample has no positive or no negative.
    """
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=np.nan) != 0)
    drawn, is_positive = weights[:, order], positive[order]
    up = np.add.reduceat(drawn * is_positive, starts, axis=1)
    down = np.add.reduceat(drawn * ~is_positive, starts, axis=1)
    below = np.cumsum(down, axis=1) - down
    wins = (up * (below + 0.5 * down)).sum(1)
    pairs = up.sum(1) * down.sum(1)
    return np.asarray(np.divide(wins, pairs, out=np.full(len(wins), np.nan), where=pairs > 0))
