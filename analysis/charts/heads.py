"""Attention heads across, attention layers down, colour for what quantising a head alone costs."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.cells import CellGrid
from analysis.charts.frame import framed
from analysis.charts.grid import TOP, add_colour_bar, colour_cells, grid_height, place_grid
from analysis.charts.logscale import log_scale
from analysis.charts.numerals import DIVERGENCES, short
from analysis.charts.overlay import cell_numbers, click_overlay
from analysis.charts.palette import CIVIDIS
from analysis.charts.reading import seen
from analysis.charts.rows import NUMBERED
from analysis.sensitivity.heads.values import HeadScores, Part

PARTS: dict[Part, str] = {"q": "queries", "k": "keys", "v": "values", "o": "output"}

MOST_NUMBERED = 9
"""So many heads leave room for the number of each."""

MOST_LABELLED = 16


@dataclass(frozen=True, slots=True)
class HeadInfo:
    """What the heat map of heads shows.

    Attributes:
        grid: attention layers by head; a layer with fewer heads ends early.
        shares: colour of each cell, 0 (harmless) to 1 (worst); NaN where there is no head.
        ticks: share and text of the labels of the colour bar.
    """

    grid: CellGrid[float]
    shares: NDArray[np.float64]
    ticks: tuple[tuple[float, str], ...]


def head_info(scores: HeadScores, part: Part) -> HeadInfo:
    """The estimates of one projection, as data."""
    rows = [row for row in scores.rows if row.part == part]
    most = max((len(row.divergence) for row in rows), default=0)
    padded = tuple((*row.divergence, *[None] * (most - len(row.divergence))) for row in rows)
    grid = CellGrid(tuple(row.attention for row in rows), tuple(range(1, most + 1)), padded)
    scale = log_scale(value for _, _, value in grid.points)
    return HeadInfo(grid, grid.table(scale.share), scale.shared_ticks)


def head_heatmap(scores: HeadScores, part: Part) -> go.Figure:
    """The heat map of one projection; a click on a cell selects `[attention, head]`."""
    info = head_info(scores, part)
    overlay = click_overlay(
        info.grid,
        hovertext=[short(value, 3) for _, _, value in info.grid.points],
        hovertemplate="<b>%{customdata[0]}</b>, head %{customdata[1]}<br>"
        f"≈ %{{hovertext}}, an estimate: only its {PARTS[part]} quantised<br>"
        f"{scores.label}<br>{seen(scores.samples, scores.total)}<extra></extra>",
    )
    figure = framed(
        [colour_cells(info.shares), *_numbers(info), overlay],
        height=grid_height(len(info.grid.layers)),
        alt=head_alt(scores, part),
        top=TOP,
    )
    place_grid(figure, info.grid)
    heads = range(0, len(info.grid.bits), -(-len(info.grid.bits) // MOST_LABELLED))
    labels = {"tickvals": list(heads), "ticktext": [str(place + 1) for place in heads]}
    figure.update_layout(xaxis={"title": {"text": "head"}, **labels})
    return add_colour_bar(figure, f"estimated {DIVERGENCES[scores.kind]}", CIVIDIS, info.ticks)


def _numbers(info: HeadInfo) -> list[go.Scatter]:
    if len(info.grid.layers) > NUMBERED or len(info.grid.bits) > MOST_NUMBERED:
        return []
    texts = info.grid.texts(lambda value: short(value, 1))
    return [cell_numbers(info.grid, texts, info.shares, CIVIDIS)]


def head_alt(scores: HeadScores, part: Part) -> str:
    """One sentence: size of the grid, what is coloured, the worst head."""
    rows = [row for row in scores.rows if row.part == part]
    worst = max(
        ((value, row.attention, head) for row in rows for head, value in enumerate(row.divergence)),
        default=None,
    )
    head = (
        f"Heat map of the estimated {DIVERGENCES[scores.kind]} with the {PARTS[part]} of one "
        f"attention head quantised, {len(rows)} attention layers"
    )
    if worst is None:
        return f"{head}; nothing is known yet."
    return f"{head}; worst is head {worst[2] + 1} of {worst[1]} with {short(worst[0])}."
