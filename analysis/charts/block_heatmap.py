"""Where it hurts, by block: blocks down, bit-widths across, colour for what a whole block costs.

Each figure of a block of several layers is an estimate (`analysis.sensitivity.block_points`), so
the colour bar, every number and every hover text say so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isnan

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.cells import CellGrid, Order
from analysis.charts.frame import framed
from analysis.charts.grid import TOP, add_colour_bar, colour_cells, grid_height, place_grid
from analysis.charts.heatmap import TARGETS
from analysis.charts.logscale import log_scale
from analysis.charts.numerals import DIVERGENCES, short, signed_short
from analysis.charts.overlay import cell_numbers, click_overlay
from analysis.charts.palette import CIVIDIS
from analysis.charts.reading import seen
from analysis.charts.rows import NUMBERED
from analysis.sensitivity.block_points import BlockPoint, block_points, swept_blocks
from analysis.sensitivity.blocks import Block
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Divergence, Sensitivities, Target


@dataclass(frozen=True, slots=True)
class BlockInfo:
    """What the heat map of blocks shows.

    Attributes:
        shares: colour of each cell, 0 (harmless) to 1 (worst); NaN where a layer is missing.
        ticks: share and text of the labels of the colour bar.
    """

    grid: CellGrid[BlockPoint]
    divergence: Divergence
    shares: NDArray[np.float64]
    ticks: tuple[tuple[float, str], ...]


def block_info(
    result: Sensitivities,
    target: Target,
    blocks: Sequence[Block],
    known: Interactions | None,
    order: Order = "network",
) -> BlockInfo:
    """Estimates and colours, as data.

    Args:
        result: the sweep.
        target: weights or activations.
        blocks: of its layers.
        known: pairwise terms of its cells, if they were kept.
        order: blocks in call order, or the worst first.
    """
    names = [block.name for block in swept_blocks(result, target, blocks)]
    rows = list(zip(names, block_points(result, target, blocks, known), strict=True))
    if order == "worst":
        rows.sort(key=lambda pair: -_worst(pair[1]))
    grid = CellGrid(
        tuple(name for name, _ in rows), result.bits(target), tuple(row for _, row in rows)
    )
    scale = log_scale(point.divergence for _, _, point in grid.points)
    shares = grid.table(lambda point: scale.share(point.divergence))
    return BlockInfo(grid, result.setup.divergence, shares, scale.shared_ticks)


def _worst(row: Sequence[BlockPoint | None]) -> float:
    values = [point.divergence for point in row if point is not None]
    return max((inf if isnan(value) else value for value in values), default=-1.0)


def block_heatmap(info: BlockInfo, selected: str | None = None) -> go.Figure:
    """The heat map of blocks; a click on a cell selects `[block, bits]`."""
    overlay = click_overlay(
        info.grid,
        hovertext=[hover_text(point) for _, _, point in info.grid.points],
        hovertemplate="<b>%{customdata[0]}</b>, %{customdata[1]} bits<br>%{hovertext}"
        "<extra></extra>",
    )
    figure = framed(
        [colour_cells(info.shares), *_numbers(info), overlay],
        height=grid_height(len(info.grid.layers)),
        alt=block_heatmap_alt(info),
        top=TOP,
    )
    place_grid(figure, info.grid, selected)
    title = f"estimated {DIVERGENCES[info.divergence]}"
    return add_colour_bar(figure, title, CIVIDIS, info.ticks)


def _numbers(info: BlockInfo) -> list[go.Scatter]:
    if len(info.grid.layers) > NUMBERED:
        return []
    return [cell_numbers(info.grid, info.grid.texts(in_cell), info.shares, CIVIDIS)]


def in_cell(point: BlockPoint) -> str:
    """The number of a cell; an estimate has a sign before it."""
    about = "≈" if point.layers > 1 or point.estimated else ""
    return about + short(point.divergence, 1 if 0 < point.divergence < 1e-2 else 2)


def hover_text(point: BlockPoint) -> str:
    """What the figure is made of."""
    number, counted = short(point.divergence, 3), seen(point.samples, point.total)
    if point.layers == 1:
        words = "estimate of the sweep" if point.estimated else "measured"
        return f"{number}, one layer, {words}<br>{counted}"
    lines = [
        f"≈ {number}, an estimate: {point.layers} layers at this width together",
        f"sum of the layers alone {short(point.alone, 3)}",
        "how their errors add up is not known"
        if point.pairs is None
        else f"what their errors add to each other {signed_short(point.pairs, 3)}",
        f"layers alone {'estimated' if point.estimated else 'measured'} {counted}",
    ]
    return "<br>".join(lines)


def block_heatmap_alt(info: BlockInfo) -> str:
    """One sentence: size of the grid, what is coloured, the worst cell."""
    points = [point for _, _, point in info.grid.points if not isnan(point.divergence)]
    widths = ", ".join(str(width) for width in info.grid.bits) or "no"
    which = TARGETS[points[0].target] if points else "tensors"
    head = (
        f"Heat map of the estimated {DIVERGENCES[info.divergence]} with the {which} of whole "
        f"blocks quantised, {len(info.grid.layers)} rows at {widths} bits"
    )
    worst = max(points, key=lambda point: point.divergence, default=None)
    if worst is None:
        return f"{head}; nothing is known yet."
    return f"{head}; worst is {worst.block} at {worst.bits} bits with {short(worst.divergence)}."


def block_text(point: BlockPoint | None) -> str:
    """A cell of the table twin."""
    if point is None:
        return ""
    if point.layers == 1:
        return f"{'≈ ' if point.estimated else ''}{short(point.divergence, 3)}"
    if point.pairs is None:  # the layers' sum is the estimate
        return f"≈ {short(point.divergence, 3)}"
    return (
        f"≈ {short(point.divergence, 3)} ({short(point.alone, 3)} {signed_short(point.pairs, 2)})"
    )
