"""How the errors of two cells add up: the Gram matrix of their output shifts.

In the Fisher metric half the squared length of a shift is the divergence it causes, so half the
squared length of a *sum* of shifts is what a whole recipe causes, to second order: the diagonal
repeats the single cells, the off-diagonal holds what additive scores leave out. It costs no
forward pass (METHODS 0.5; a positive semi-definite relative of CLADO's matrix).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sensitivity.points import Cell, CellSamples, Stage

STAGES: tuple[Stage, ...] = ("exact", "sampled", "sketch")
"""Best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Pairwise terms of a sweep's cells.

    Attributes:
        cells: rows and columns of `gram`.
        gram: float64, (cells, cells): half the mean inner product of two cells' shifts; its
            diagonal is the second-order divergence of one cell.
        reliability: correlation of the off-diagonals (scaled to correlations, cells of different
            layers) between two halves of the samples; what it lacks to 1 is noise.
        stage: the stage whose shifts these are.
        samples: sweep samples behind them.
    """

    cells: tuple[Cell, ...]
    gram: NDArray[np.float64]
    reliability: float
    stage: Stage
    samples: int

    @property
    def weight(self) -> float:
        """How far to trust the off-diagonals: 2r / (1 + r) (Spearman-Brown), 0 below 0.5."""
        r = self.reliability
        full = 2 * r / (1 + r) if r > 0 else 0.0
        return full if full >= 0.5 else 0.0


def complete_stage(
    cells: Sequence[Cell], rows: Iterable[CellSamples]
) -> tuple[Stage, dict[Cell, list[CellSamples]]] | None:
    """The best stage that has the same units for every cell, with its units in order."""
    kept: dict[Stage, dict[Cell, dict[int, CellSamples]]] = {stage: {} for stage in STAGES}
    for row in rows:
        kept[row.stage].setdefault(row.cell, {})[row.start] = row
    for stage in STAGES:
        by_cell = kept[stage]
        units = {tuple(sorted(by_cell.get(cell, {}))) for cell in cells}
        if len(units) == 1 and units != {()}:
            return stage, {cell: [r for _, r in sorted(by_cell[cell].items())] for cell in cells}
    return None


def interactions_of(cells: Sequence[Cell], rows: Iterable[CellSamples]) -> Interactions | None:
    """Pairwise terms from the raw figures of a sweep; None where no stage kept all shifts."""
    found = complete_stage(cells, rows)
    if found is None:
        return None
    stage, by_cell = found
    if any(row.shifts is None for chunks in by_cell.values() for row in chunks):
        return None
    shifts = np.stack(
        [np.concatenate([r.shifts for r in by_cell[c] if r.shifts is not None]) for c in cells]
    ).astype(np.float64)
    count = shifts.shape[1]
    halves = [_gram(shifts[:, start::2]) for start in (0, 1)] if count > 1 else []
    return Interactions(
        cells=tuple(cells),
        gram=_gram(shifts),
        reliability=_agreement(cells, *halves) if halves else 0.0,
        stage=stage,
        samples=sum(row.covered for row in by_cell[cells[0]]),
    )


def pair_scales(
    second: NDArray[np.float64], figures: NDArray[np.float64], weight: float
) -> NDArray[np.float64]:
    """What the terms of the Gram matrix are scaled by, once for each of their two cells.

    Then a pair adds its correlation times the root of the product of the two measured divergences,
    times how far it is trusted.

    Args:
        second: diagonal of the Gram matrix, (cells).
        figures: divergence of each cell alone, (cells).
        weight: how far to trust the pairs.
    """
    scale = np.zeros(len(second))
    moved = second > 0  # a cell that shifts nothing interacts with nothing
    scale[moved] = np.sqrt(weight * figures[moved] / second[moved])
    return scale


def _gram(shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the mean inner product over rows, from (cells, rows, columns)."""
    flat = shifts.reshape(len(shifts), -1)
    return np.asarray(0.5 * flat @ flat.T / shifts.shape[1])


def _agreement(
    cells: Sequence[Cell], first: NDArray[np.float64], second: NDArray[np.float64]
) -> float:
    names = np.array([cell.layer for cell in cells])
    others = np.triu(names[:, None] != names[None, :])
    pairs = [_correlations(gram)[others] for gram in (first, second)]
    usable = np.isfinite(pairs[0]) & np.isfinite(pairs[1])
    if usable.sum() < 3:
        return 0.0
    return float(np.corrcoef(pairs[0][usable], pairs[1][usable])[0, 1])


def _correlations(gram: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.sqrt(np.diag(gram))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(gram / lengths[:, None] / lengths[None, :])
