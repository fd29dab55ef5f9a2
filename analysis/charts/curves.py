"""How fast each layer recovers with more bits: one line a layer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import nan
from typing import Any

import numpy as np
import plotly.graph_objects as go

from analysis.charts.cells import cell_grid
from analysis.charts.frame import axis, framed, legend_below, log_axis
from analysis.charts.logscale import LogScale, log_scale
from analysis.charts.numerals import short
from analysis.charts.palette import ACCENT, FAINT, category, symbol, translucent
from analysis.charts.reading import DIVERGENCE, Reading, reading, seen
from analysis.charts.rows import shortened
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target

NAMED = 5
"""So many of the worst layers have a colour and a name; the others are grey."""

Place = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Curve:
    """Measured points of one layer, ascending bits."""

    layer: str
    points: tuple[SweepPoint, ...]

    @property
    def worst(self) -> float:
        """Largest divergence at any width."""
        return max(point.divergence for point in self.points)


@dataclass(frozen=True, slots=True)
class CurvesInfo:
    """Lines with a name (the highlighted one, or the worst in order), and all others."""

    named: tuple[Curve, ...]
    others: tuple[Curve, ...]
    bits: tuple[int, ...]

    @property
    def points(self) -> tuple[SweepPoint, ...]:
        """Every point that is drawn."""
        return tuple(point for curve in (*self.named, *self.others) for point in curve.points)


def curves_info(result: Sensitivities, target: Target, highlight: str | None) -> CurvesInfo:
    """Which lines are named and which are background."""
    grid = cell_grid(result, target)
    measured = [
        Curve(name, tuple(point for point in row if point is not None))
        for name, row in zip(grid.layers, grid.rows, strict=True)
    ]
    curves = [curve for curve in measured if curve.points]
    ranked = sorted(curves, key=lambda curve: -curve.worst)[:NAMED]
    named = ranked if highlight is None else [c for c in curves if c.layer == highlight]
    return CurvesInfo(tuple(named), tuple(c for c in curves if c not in named), grid.bits)


def sensitivity_curves(
    result: Sensitivities,
    *,
    target: Target,
    value: str = DIVERGENCE,
    highlight: str | None = None,
) -> go.Figure:
    """Divergence (log axis) or a metric over bits; a click selects `[layer, bits]`.

    Args:
        result: a finished or partial sweep.
        target: weights or activations.
        value: ``divergence`` or the name of a metric.
        highlight: a layer to draw with its 95 % interval; without it the worst five are named.
    """
    info, read = curves_info(result, target, highlight), reading(result.setup, value)
    shades = log_scale(point.divergence for point in info.points)
    place: Place = shades.shown if read.is_divergence else float
    traces = [_background(info.others, read, place)]
    if highlight is not None and read.is_divergence:
        traces += [_band(curve, shades) for curve in info.named]
    colours = [ACCENT] if highlight is not None else [category(i) for i in range(NAMED)]
    traces += [
        _line(curve, read, place, colours[index], symbol(index))
        for index, curve in enumerate(info.named)
    ]
    legend, room = legend_below(traces)
    figure = framed(traces, height=330 + room, alt=_alt(info, result, read), bottom=room + 44)
    return figure.update_layout(
        showlegend=True,
        legend=legend,
        xaxis=axis("bits", tickvals=info.bits, zeroline=False),
        yaxis=log_axis(read.title, shades) if read.is_divergence else axis(read.title),
    )


def _background(curves: Sequence[Curve], read: Reading, place: Place) -> go.Scatter:
    """All unnamed lines as one trace, with gaps between the layers."""
    rows = [point for curve in curves for point in (*curve.points, None)]
    return go.Scatter(
        x=np.array([nan if p is None else p.bits for p in rows], dtype=np.float32),
        y=np.array([nan if p is None else place(read.of(p)) for p in rows], dtype=np.float32),
        customdata=[["", 0] if p is None else [p.layer, p.bits] for p in rows],
        hovertext=["" if p is None else short(read.of(p), 3) for p in rows],
        mode="lines+markers",
        line={"color": FAINT, "width": 1},
        marker={"color": FAINT, "size": 4},
        name=f"{len(curves)} other layers" if len(curves) != 1 else "the other layer",
        showlegend=bool(curves),
        legendrank=2000,
        **_hover(read),
    )


def _line(curve: Curve, read: Reading, place: Place, colour: str, mark: str) -> go.Scatter:
    points = curve.points
    return go.Scatter(
        x=[point.bits for point in points],
        y=[place(read.of(point)) for point in points],
        customdata=[[point.layer, point.bits] for point in points],
        hovertext=[f"{read.text(p)}<br>{seen(p.samples, p.total)}" for p in points],
        mode="lines+markers",
        line={"color": colour, "width": 2.5},
        marker={"color": colour, "size": 8, "symbol": mark},
        name=escape(shortened(curve.layer, 32)),
        **_hover(read),
    )


def _hover(read: Reading) -> dict[str, Any]:
    head = f"<b>%{{customdata[0]}}</b>, %{{customdata[1]}} bits<br>{read.title} "
    return {
        "hovertemplate": head + "%{hovertext}<extra></extra>",
        "unselected": {"marker": {"opacity": 1}},
    }


def _band(curve: Curve, shades: LogScale) -> go.Scatter:
    """The 95 % interval of a line, as an area."""
    there, back = curve.points, curve.points[::-1]
    highs = [shades.shown(point.high) for point in there]
    lows = [max(shades.shown(point.low), 10.0**shades.bottom) for point in back]
    return go.Scatter(
        x=[point.bits for point in (*there, *back)],
        y=[*highs, *lows],
        fill="toself",
        fillcolor=translucent(ACCENT, 0.22),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
    )


def _alt(info: CurvesInfo, result: Sensitivities, read: Reading) -> str:
    names = ", ".join(curve.layer for curve in info.named) or "no layer"
    widths = ", ".join(map(str, info.bits)) or "no"
    last = max((c.points[-1].divergence for c in info.named), default=0.0)
    return (
        f"Lines of {read.title} over {widths} bits, {len(result.layers)} layers; "
        f"drawn out are {names}; at the widest their divergence is at most {short(last)}."
    )
