"""Two sweeps compared: by how much each cell got better or worse."""

from dataclasses import dataclass
from math import inf, isfinite, isnan, log2, nan

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.cells import CellGrid, cell_grid
from analysis.charts.frame import framed
from analysis.charts.grid import TOP, add_colour_bar, colour_cells, grid_height, place_grid
from analysis.charts.numerals import short
from analysis.charts.overlay import cell_numbers, click_overlay
from analysis.charts.palette import DELTA
from analysis.charts.rows import NUMBERED
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target

LEAST_SPAN = 1.0
"""The colours reach at least a factor of two, so that noise does not look like a change."""


@dataclass(frozen=True, slots=True)
class DeltaInfo:
    """Ratio of the divergences of two sweeps, cell by cell.

    Attributes:
        grid: cells of the second sweep that the first one has too.
        ratios: divergence of the second over the first; NaN where one is missing, 1 where both
            are zero, 0 or infinity where one is.
        span: log2 of the ratio at the ends of the colour scale.
    """

    grid: CellGrid[SweepPoint]
    ratios: NDArray[np.float64]
    span: float

    @property
    def shares(self) -> NDArray[np.float64]:
        """Colour of each cell: 0 much better, 0.5 equal, 1 much worse."""
        with np.errstate(divide="ignore"):
            return 0.5 + np.clip(np.log2(self.ratios) / self.span, -1.0, 1.0) / 2


def delta_info(a: Sensitivities, b: Sensitivities, target: Target) -> DeltaInfo:
    """Compare the cells of the same layer, width and target; `b` gives the rows."""
    before = {(point.layer, point.bits): point for point in a.leading(target)}
    whole = cell_grid(b, target)
    rows = tuple(
        tuple(p if p is not None and (p.layer, p.bits) in before else None for p in row)
        for row in whole.rows
    )
    grid = CellGrid(whole.layers, whole.bits, rows)
    ratios = np.full((len(grid.layers), len(grid.bits)), nan)
    for row, column, point in grid.points:
        old = before[point.layer, point.bits].divergence
        ratios[row, column] = _ratio(old, point.divergence)
    sizes = [abs(log2(ratio)) for ratio in ratios.flat if isfinite(ratio) and ratio > 0]
    return DeltaInfo(grid, ratios, max([LEAST_SPAN, *sizes]))


def _ratio(old: float, new: float) -> float:
    if old == new:
        return 1.0
    return new / old if old else inf


def delta_heatmap(a: Sensitivities, b: Sensitivities, target: Target) -> go.Figure:
    """Divergence of `b` over that of `a`, log colour, grey where equal; clicks as the heat map's.

    Cells that only one of the sweeps measured are left empty.
    """
    info = delta_info(a, b, target)
    before = {(point.layer, point.bits): point.divergence for point in a.leading(target)}
    texts = tuple(tuple(_factor(ratio) for ratio in row) for row in info.ratios.tolist())
    hover = [
        f"{short(before[point.layer, point.bits], 3)} → {short(point.divergence, 3)}, "
        f"{texts[row][column]}"
        for row, column, point in info.grid.points
    ]
    template = "<b>%{customdata[0]}</b>, %{customdata[1]} bits<br>divergence %{hovertext}"
    overlay = click_overlay(info.grid, hovertext=hover, hovertemplate=f"{template}<extra></extra>")
    small = len(info.grid.layers) <= NUMBERED
    numbers = [cell_numbers(info.grid, texts, info.shares, DELTA)] if small else []
    figure = framed(
        [colour_cells(info.shares), *numbers, overlay],
        height=grid_height(len(info.grid.layers)),
        alt=_alt(info),
        top=TOP,
    )
    place_grid(figure, info.grid)
    ticks = tuple(
        ((step + 1) / 2, _factor(2.0 ** (step * info.span))) for step in (-1.0, -0.5, 0.0, 0.5, 1.0)
    )
    return add_colour_bar(figure, "divergence, second run over first", DELTA, ticks)


def _factor(ratio: float) -> str:
    return "" if isnan(ratio) else f"×{short(ratio)}"


def _alt(info: DeltaInfo) -> str:
    known = info.ratios[~np.isnan(info.ratios)]
    if not known.size:
        return "Heat map of two sweeps compared; they have no cell in common."
    worse, better = int((known > 1).sum()), int((known < 1).sum())
    return (
        f"Heat map of divergence, second run over first, {known.size} cells: {worse} grew, "
        f"{better} fell; the ratios lie between {short(float(known.min()))} and "
        f"{short(float(known.max()))}."
    )
