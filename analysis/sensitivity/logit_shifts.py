"""Output shifts of the cells as logits again, from the whitened ones a sweep keeps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sensitivity.interactions import complete_stage
from analysis.sensitivity.points import Cell, CellSamples

LEAST = -150.0
"""Classes of a smaller log-probability: sqrt(p) leaves float32 there, their shifts are 0."""


@dataclass(frozen=True, slots=True, eq=False)
class LogitShifts:
    """What each cell does to the logits of each sample.

    Attributes:
        cells: first axis of `shifts`.
        log_p: float64, (samples, positions, classes): the float model's log-probabilities.
        shifts: float32, (cells, samples, positions, classes); each position's shift has mean 0
            under p, which a softmax does not see.
    """

    cells: tuple[Cell, ...]
    log_p: NDArray[np.float64]
    shifts: NDArray[np.float32]


def logit_shifts_of(
    cells: Sequence[Cell], rows: Iterable[CellSamples], log_p: NDArray[np.float64]
) -> LogitShifts | None:
    """Undo the whitening w = sqrt(p) (d - p'd) / sqrt(positions) of `shifts.whitened_shift`.

    Args:
        cells: of the sweep.
        rows: its raw figures.
        log_p: (samples, positions, classes) of the float model on the sweep set, in its order.

    Returns:
        None unless every cell was measured on the whole sweep set and its shifts were kept whole.
    """
    found = complete_stage(cells, rows)
    if found is None or found[0] != "exact":
        return None
    kept = [[row.shifts for row in found[1][cell]] for cell in cells]
    known = [[part for part in parts if part is not None] for parts in kept]
    if any(len(parts) < len(all_parts) for parts, all_parts in zip(known, kept, strict=True)):
        return None
    white = np.stack([np.concatenate(parts) for parts in known])
    samples, positions, classes = log_p.shape
    if white.shape[1:] != (samples, positions * classes):
        return None
    spread = np.where(log_p > LEAST, positions**0.5 * np.exp(-0.5 * log_p), 0.0)
    shifts = white.reshape(len(cells), samples, positions, classes) * spread.astype(np.float32)
    return LogitShifts(tuple(cells), log_p, shifts)
