"""Where it hurts: layers down, bit-widths across, colour for what quantising that tensor costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.cells import CellGrid, Order, cell_grid
from analysis.charts.frame import framed
from analysis.charts.grid import TOP, add_colour_bar, colour_cells, grid_height, place_grid
from analysis.charts.logscale import log_scale
from analysis.charts.numerals import SPACE, nice_ticks, short, tick
from analysis.charts.overlay import cell_numbers, click_overlay, uncertain_marks
from analysis.charts.palette import CIVIDIS
from analysis.charts.reading import DIVERGENCE, Reading, reading, seen
from analysis.charts.rows import LABELLED, NUMBERED
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target

TARGETS: dict[Target, str] = {"weight": "weights", "activation": "activations"}


@dataclass(frozen=True, slots=True)
class HeatmapInfo:
    """What the heat map shows.

    Attributes:
        shares: colour of each cell, 0 (harmless) to 1 (worst); NaN where nothing is measured.
        ticks: share and text of the labels of the colour bar.
        texts: number of each cell; empty where nothing is measured.
    """

    grid: CellGrid[SweepPoint]
    read: Reading
    shares: NDArray[np.float64]
    ticks: tuple[tuple[float, str], ...]
    texts: tuple[tuple[str, ...], ...]


def heatmap_info(
    result: Sensitivities, *, target: Target, value: str = DIVERGENCE, order: Order = "network"
) -> HeatmapInfo:
    """Values, colours and labels of the heat map, as data."""
    grid, read = cell_grid(result, target, order), reading(result.setup, value)
    values = [read.of(point) for _, _, point in grid.points]
    share, ticks = _log_shades(values) if read.is_divergence else _linear_shades(values, read)
    digits = 2 if read.is_divergence else 3
    return HeatmapInfo(
        grid,
        read,
        grid.table(lambda point: share(read.of(point))),
        ticks,
        grid.texts(lambda point: _in_cell(read.of(point), digits)),
    )


def _in_cell(number: float, digits: int) -> str:
    """The number in as few characters as a cell holds on a phone; hovering tells the rest."""
    return short(number, 1 if 0 < number < 1e-2 else digits)


Shades = tuple[Callable[[float], float], tuple[tuple[float, str], ...]]


def _log_shades(values: Sequence[float]) -> Shades:
    shades = log_scale(values)
    return shades.share, shades.shared_ticks


def _linear_shades(values: Sequence[float], read: Reading) -> Shades:
    known = [number for number in values if isfinite(number)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    span = high - low or 1.0

    def share(number: float) -> float:
        return (high - number) / span if read.low_is_worse else (number - low) / span

    return share, tuple((share(number), tick(number)) for number in nice_ticks(low, high))


def sensitivity_heatmap(
    result: Sensitivities,
    *,
    target: Target,
    value: str = DIVERGENCE,
    order: Order = "network",
    selected: str | None = None,
) -> go.Figure:
    """The heat map of one target; a click on a cell selects `[layer, bits]`.

    Args:
        result: a finished or partial sweep.
        target: weights or activations.
        value: ``divergence`` (log colour) or the name of a metric.
        order: rows in call order, or the worst layer first.
        selected: a layer to frame.
    """
    info = heatmap_info(result, target=target, value=value, order=order)
    figure = framed(
        [
            colour_cells(info.shares),
            *_strokes(info),
            *_numbers(info),
            click_overlay(info.grid, **_hover(info)),
        ],
        height=grid_height(len(info.grid.layers)),
        alt=sensitivity_heatmap_alt(result, target=target, value=value),
        top=TOP,
    )
    place_grid(figure, info.grid, selected)
    return add_colour_bar(figure, info.read.title, CIVIDIS, info.ticks)


def _strokes(info: HeatmapInfo) -> list[go.Scatter]:
    if not any(point.uncertain for _, _, point in info.grid.points):
        return []
    return [uncertain_marks(info.grid, info.shares, CIVIDIS)]


def _numbers(info: HeatmapInfo) -> list[go.Scatter]:
    if len(info.grid.layers) > NUMBERED:
        return []
    return [cell_numbers(info.grid, info.texts, info.shares, CIVIDIS)]


def _hover(info: HeatmapInfo) -> dict[str, Any]:
    """Hover texts; beyond `LABELLED` layers as numbers, which travel in a third of the bytes."""
    read, points = info.read, [point for _, _, point in info.grid.points]
    head = f"<b>%{{customdata[0]}}</b>, %{{customdata[1]}} bits<br>{read.title} "
    counts = {(point.samples, point.total) for point in points}
    tail = f"<br>{seen(*counts.pop())}<extra></extra>" if len(counts) == 1 else "<extra></extra>"
    if len(info.grid.layers) <= LABELLED or counts:
        texts = [_sentence(read, point, told=not counts) for point in points]
        return {"hovertext": texts, "hovertemplate": head + "%{hovertext}" + tail}
    marker: dict[str, Any] = {"color": np.array([read.of(p) for p in points], dtype=np.float32)}
    text = "%{marker.color:.3~g}"
    if read.is_divergence:
        half_widths = np.array([_half_width(point) for point in points], dtype=np.uint16)
        marker["line"] = {"width": half_widths}
        text += f" ±%{{marker.line.width}}{SPACE}%"
    return {"marker": marker, "hovertemplate": head + text + tail}


def _half_width(point: SweepPoint) -> int:
    """Half the 95 % interval in percent of the divergence."""
    half = (point.high - point.low) / 2
    return min(round(100 * half / point.divergence), 65_535) if half and isfinite(half) else 0


def _sentence(read: Reading, point: SweepPoint, *, told: bool) -> str:
    return read.text(point) + ("" if told else f"<br>{seen(point.samples, point.total)}")


def sensitivity_heatmap_alt(
    result: Sensitivities, *, target: Target, value: str = DIVERGENCE
) -> str:
    """One sentence: size of the grid, what is coloured, the worst cell."""
    grid = cell_grid(result, target)
    read = reading(result.setup, value)
    head = (
        f"Heat map of {read.title} for the {TARGETS[target]} of {len(grid.layers)} layers "
        f"at {', '.join(str(width) for width in grid.bits) or 'no'} bits"
    )
    sign = -1.0 if read.low_is_worse else 1.0
    known = [point for _, _, point in grid.points if not isnan(read.of(point))]
    worst = max(known, key=lambda point: sign * read.of(point), default=None)
    if worst is None:
        return f"{head}; nothing is measured yet."
    digits = 2 if read.is_divergence else 3
    number = short(read.of(worst), digits)
    return f"{head}; worst is {worst.layer} at {worst.bits} bits with {number}."
