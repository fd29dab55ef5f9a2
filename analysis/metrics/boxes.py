"""Overlap of boxes, and which detections of one image match one of its targets."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def overlaps(first: Floats, second: Floats) -> Floats:
    """Intersection over union of each pair of boxes x1, y1, x2, y2: (first, second)."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:4], second[None, :, 2:4])
    both = np.prod(np.clip(high - low, 0.0, None), axis=-1)
    sizes = [np.prod(np.clip(b[:, 2:4] - b[:, :2], 0.0, None), axis=-1) for b in (first, second)]
    either = sizes[0][:, None] + sizes[1][None, :] - both
    return np.asarray(np.divide(both, either, out=np.zeros_like(both), where=either > 0))


def matches(detections: Floats, targets: Floats, thresholds: Sequence[float]) -> Floats:
    """For each detection of one image the thresholds at which it matches a target, as bits.

    By falling score each detection takes the target of its class that it overlaps most, of those
    not taken yet (Lin et al., arXiv 1405.0312).

    Args:
        detections: x1, y1, x2, y2, score, class; highest score first, (detections, 6).
        targets: x1, y1, x2, y2, class, (targets, 5).
        thresholds: bit 0 is the first.
    """
    found = np.zeros(len(detections))
    if not len(targets):
        return found
    overlap = overlaps(detections, targets)
    overlap[detections[:, 5][:, None] != targets[:, 4][None, :]] = 0.0
    for bit, threshold in enumerate(thresholds):
        free = np.ones(len(targets), bool)
        for place, row in enumerate(overlap):
            open_row = np.where(free, row, 0.0)
            best = int(open_row.argmax())
            if open_row[best] >= threshold:
                free[best] = False
                found[place] += 2**bit
    return found
