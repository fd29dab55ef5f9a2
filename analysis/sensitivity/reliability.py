"""How sure a sweep is: would other samples of the same kind have told the same?"""

from collections.abc import Iterable
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.sensitivity.interactions import complete_stage, interactions_of
from analysis.sensitivity.points import Cell, CellSamples, SweepSetup
from analysis.sensitivity.resampling import resample_counts
from analysis.sensitivity.stability import RankStability, Reliability
from analysis.sensitivity.terms import Target

CERTAIN = 0.95
"""Share of resamples in which a cut must stand."""


def reliability_of(setup: SweepSetup, rows: Iterable[CellSamples]) -> Reliability | None:
    """Judge a sweep from its raw figures; None while no stage has all its cells."""
    kept = tuple(rows)
    found = complete_stage(setup.cells, kept)
    if found is None:
        return None
    stage, by_cell = found
    values = {c: np.concatenate([r.divergence for r in chunks]) for c, chunks in by_cell.items()}
    pairwise = interactions_of(setup.cells, kept)
    key = _by_target_and_width
    groups = groupby(sorted(_least(setup.cells, values), key=key), key=key)
    return Reliability(
        stage=stage,
        samples=sum(row.covered for row in by_cell[setup.cells[0]]),
        interactions=pairwise.reliability if pairwise else None,
        ranks=tuple(_stability(target, bits, list(c), values) for (target, bits), c in groups),
    )


def _least(cells: Iterable[Cell], values: dict[Cell, NDArray[np.float64]]) -> list[Cell]:
    """Of each tensor and width the cell of least mean, where several specs were swept."""
    found: dict[tuple[str, Target, int], Cell] = {}
    for cell in cells:
        place = cell.layer, cell.target, cell.spec.bits
        if place not in found or values[cell].mean() < values[found[place]].mean():
            found[place] = cell
    return list(found.values())


def _by_target_and_width(cell: Cell) -> tuple[Target, int]:
    return cell.target, cell.spec.bits


def _stability(
    target: Target, bits: int, cells: list[Cell], values: dict[Cell, NDArray[np.float64]]
) -> RankStability:
    table = np.stack([values[cell] for cell in cells])
    order = np.argsort(-table.mean(1), kind="stable")
    ordered = table[order]
    counts = resample_counts(table.shape[1])
    resampled = counts @ ordered.T / table.shape[1]
    cuts = [
        cut
        for cut in range(1, len(cells))
        if (resampled[:, :cut].min(1) > resampled[:, cut:].max(1)).mean() >= CERTAIN
    ]
    return RankStability(
        target=target,
        bits=bits,
        order=tuple(cells[index].layer for index in order),
        cuts=tuple(cuts),
        correlation=_mean_correlation(ordered.mean(1), resampled),
    )


def _mean_correlation(values: NDArray[np.float64], resampled: NDArray[np.float64]) -> float:
    """Mean Spearman correlation; 1 where there is nothing to rank."""
    if len(values) < 2:
        return 1.0
    reference = rankdata(values)
    ranks = rankdata(resampled, axis=1)
    reference = reference - reference.mean()
    ranks = ranks - ranks.mean(1, keepdims=True)
    lengths = np.sqrt((ranks**2).sum(1) * (reference**2).sum())
    usable = lengths > 0
    if not usable.any():
        return 1.0
    return float(((ranks @ reference)[usable] / lengths[usable]).mean())
