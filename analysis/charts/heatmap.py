"""Where it hurts: layers down, bit-widths across, colour for what quantising that tensor costs."""

from dataclasses import dataclass
from math import isfinite, nan
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.cells import CellGrid, Order, cell_grid
from analysis.charts.frame import axis, framed
from analysis.charts.logscale import LogScale, log_scale
from analysis.charts.numerals import (
    DIVERGENCES,
    SPACE,
    metric_scale,
    metric_unit,
    nice_ticks,
    range_text,
    short,
    tick,
)
from analysis.charts.overlay import cell_numbers, click_overlay
from analysis.charts.palette import ACCENT, CIVIDIS, scale
from analysis.charts.rows import LABELLED, NUMBERED, row_axis
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target

LEVELS = 254
"""Colour steps: one byte a cell instead of eight digits."""

TARGETS: dict[Target, str] = {"weight": "weights", "activation": "activations"}


@dataclass(frozen=True, slots=True)
class HeatmapInfo:
    """What the heat map shows.

    Attributes:
        value: ``divergence`` or the name of a metric.
        title: what the colour means, with its unit.
        shares: colour of each cell, 0 (harmless) to 1 (worst); NaN where nothing is measured.
        ticks: share and text of the labels of the colour bar.
        texts: number of each cell; empty where nothing is measured.
    """

    grid: CellGrid
    value: str
    title: str
    shares: NDArray[np.float64]
    ticks: tuple[tuple[float, str], ...]
    texts: tuple[tuple[str, ...], ...]


def heatmap_info(
    result: Sensitivities, *, target: Target, value: str = "divergence", order: Order = "network"
) -> HeatmapInfo:
    """Values, colours and labels of the heat map, as data."""
    grid = cell_grid(result, target, order)
    if value == "divergence":
        return _divergence_info(grid, DIVERGENCES[result.setup.divergence])
    return _metric_info(grid, value, worst_is_low=result.setup.direction == "higher")


def _divergence_info(grid: CellGrid, title: str) -> HeatmapInfo:
    shades = log_scale(point.divergence for _, _, point in grid.points)
    shares = _table(grid, {(r, c): shades.share(p.divergence) for r, c, p in grid.points})
    texts = {(r, c): short(p.divergence) for r, c, p in grid.points}
    return HeatmapInfo(grid, "divergence", title, shares, _log_ticks(shades), _texts(grid, texts))


def _log_ticks(shades: LogScale) -> tuple[tuple[float, str], ...]:
    span = shades.high - shades.bottom
    return tuple(((place - shades.bottom) / span, text) for place, text in shades.ticks)


def _metric_info(grid: CellGrid, name: str, *, worst_is_low: bool) -> HeatmapInfo:
    values = {(r, c): p.metrics.get(name, nan) for r, c, p in grid.points}
    known = [value for value in values.values() if isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    span = high - low or 1.0

    def share(value: float) -> float:
        return (high - value) / span if worst_is_low else (value - low) / span

    factor = metric_scale(name)
    ticks = tuple((share(x / factor), tick(x)) for x in nice_ticks(factor * low, factor * high))
    texts = {place: short(factor * value, 3) for place, value in values.items()}
    shares = _table(grid, {place: share(value) for place, value in values.items()})
    return HeatmapInfo(grid, name, metric_unit(name), shares, ticks, _texts(grid, texts))


def _table(grid: CellGrid, values: dict[tuple[int, int], float]) -> NDArray[np.float64]:
    table = np.full((len(grid.layers), len(grid.bits)), nan)
    for place, value in values.items():
        table[place] = value
    return table


def _texts(grid: CellGrid, texts: dict[tuple[int, int], str]) -> tuple[tuple[str, ...], ...]:
    columns = range(len(grid.bits))
    return tuple(tuple(texts.get((row, c), "") for c in columns) for row in range(len(grid.layers)))


def sensitivity_heatmap(
    result: Sensitivities,
    *,
    target: Target,
    value: str = "divergence",
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
        [colour_cells(info.shares), *_numbers(info), click_overlay(info.grid, **_hover(info))],
        height=row_axis(info.grid.layers).height + 96,
        alt=sensitivity_heatmap_alt(result, target=target, value=value),
        top=88,
    )
    place_grid(figure, info.grid, selected)
    return figure.update_layout(coloraxis=colour_bar(info.title, CIVIDIS, info.ticks))


def _numbers(info: HeatmapInfo) -> list[go.Scatter]:
    if len(info.grid.layers) > NUMBERED:
        return []
    return [cell_numbers(info.grid, info.texts, info.shares, CIVIDIS)]


def colour_cells(shares: NDArray[np.float64]) -> go.Heatmap:
    """Cells coloured by shares of the colour axis; NaN leaves the page's background."""
    codes = np.round(np.clip(shares, 0.0, 1.0) * LEVELS)
    whole = not np.isnan(codes).any()
    return go.Heatmap(
        z=codes.astype(np.uint8) if whole else codes.astype(np.float32),
        coloraxis="coloraxis",
        hoverinfo="skip",
        hoverongaps=False,
        xgap=1,
        ygap=1 if len(shares) <= LABELLED else 0,
    )


def colour_bar(
    title: str, colours: tuple[str, ...], ticks: tuple[tuple[float, str], ...]
) -> dict[str, Any]:
    """Colour axis with its bar above the plot, where it stays in sight of tall figures."""
    return {
        "colorscale": scale(colours),
        "cmin": 0,
        "cmax": LEVELS,
        "colorbar": {
            "orientation": "h",
            "title": {"text": title, "side": "top", "font": {"size": 12}},
            "tickvals": [LEVELS * share for share, _ in ticks],
            "ticktext": [text for _, text in ticks],
            "tickfont": {"size": 11},
            "thickness": 8,
            "len": 1,
            "x": 0.5,
            "xpad": 0,
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "ypad": 0,
            "outlinewidth": 0,
        },
    }


def place_grid(figure: go.Figure, grid: CellGrid, selected: str | None = None) -> None:
    """Axes of a layers x bits figure, and a frame round the selected layer."""
    rows = row_axis(grid.layers, selected=selected)
    figure.update_layout(
        # Every place in a cell belongs to its marker: the nearest one wins, however far.
        hoverdistance=-1,
        xaxis=axis(
            "bits",
            side="top",
            ticks="",
            tickvals=list(range(len(grid.bits))),
            ticktext=[str(width) for width in grid.bits],
            range=[-0.5, len(grid.bits) - 0.5],
            showgrid=False,
            zeroline=False,
            fixedrange=True,
        ),
        yaxis=axis(
            ticks="",
            tickvals=[index for index, _ in rows.labels],
            ticktext=[text for _, text in rows.labels],
            range=[rows.count - 0.5, -0.5],
            showgrid=False,
            zeroline=False,
            fixedrange=True,
        ),
    )
    if selected in grid.layers:
        row = grid.layers.index(selected)
        figure.add_shape(
            type="rect",
            x0=-0.5,
            x1=len(grid.bits) - 0.5,
            y0=row - 0.5,
            y1=row + 0.5,
            line={"color": ACCENT, "width": 2.5},
        )


def _hover(info: HeatmapInfo) -> dict[str, Any]:
    """Hover texts; beyond `LABELLED` layers as numbers, which travel in a third of the bytes."""
    points = [point for _, _, point in info.grid.points]
    head = f"<b>%{{customdata[0]}}</b>, %{{customdata[1]}} bits<br>{info.title} "
    counts = {(point.samples, point.total) for point in points}
    tail = f"<br>{_seen(*counts.pop())}<extra></extra>" if len(counts) == 1 else "<extra></extra>"
    if len(info.grid.layers) <= LABELLED or counts:
        texts = [_sentence(info, point, seen=bool(counts)) for point in points]
        return {"hovertext": texts, "hovertemplate": head + "%{hovertext}" + tail}
    factor = 1.0 if info.value == "divergence" else metric_scale(info.value)
    values = [factor * _value(info.value, point) for point in points]
    marker: dict[str, Any] = {"color": np.array(values, dtype=np.float32)}
    text = "%{marker.color:.3~g}"
    if info.value == "divergence":
        half_widths = np.array([_half_width(point) for point in points], dtype=np.uint16)
        marker["line"] = {"width": half_widths}
        text += f" ±%{{marker.line.width}}{SPACE}%"
    return {"marker": marker, "hovertemplate": head + text + tail}


def _value(name: str, point: SweepPoint) -> float:
    return point.divergence if name == "divergence" else point.metrics.get(name, nan)


def _half_width(point: SweepPoint) -> int:
    """Half the 95 % interval in percent of the divergence."""
    half = (point.high - point.low) / 2
    return min(round(100 * half / point.divergence), 65_535) if half and isfinite(half) else 0


def _sentence(info: HeatmapInfo, point: SweepPoint, *, seen: bool) -> str:
    number = short(metric_scale(info.value) * _value(info.value, point), 3)
    if info.value == "divergence":
        number += f"<br>95{SPACE}% interval {range_text(point.low, point.high)}"
    return f"{number}<br>{_seen(point.samples, point.total)}" if seen else number


def _seen(samples: int, total: int) -> str:
    return f"on {samples:,}{'' if samples == total else f' of {total:,}'} sweep samples"


def sensitivity_heatmap_alt(
    result: Sensitivities, *, target: Target, value: str = "divergence"
) -> str:
    """One sentence: size of the grid, what is coloured, the worst cell."""
    grid = cell_grid(result, target)
    head = (
        f"Heat map of {value} for the {TARGETS[target]} of {len(grid.layers)} layers "
        f"at {', '.join(str(width) for width in grid.bits) or 'no'} bits"
    )
    worst = max((p for _, _, p in grid.points), key=lambda p: p.divergence, default=None)
    if worst is None:
        return f"{head}; nothing is measured yet."
    return f"{head}; worst is {worst.layer} at {worst.bits} bits, {short(worst.divergence)}."
