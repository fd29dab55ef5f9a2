"""What a tensor holds, and what a spec makes of it: histogram with grid, channels, SQNR curves."""

from html import escape
from math import isfinite

import numpy as np
import plotly.graph_objects as go

from analysis.charts.families import families
from analysis.charts.frame import axis, framed, legend_below
from analysis.charts.numerals import SPACE, short
from analysis.charts.palette import ACCENT, CATEGORIES, category, symbol, translucent
from analysis.charts.rows import wrapped
from analysis.profiles import LayerProfile
from analysis.quant.spec import PerChannel, PerGroup, PerTensor
from analysis.quant.stats import Histogram, SpecEffect, TensorStats
from analysis.sensitivity.points import Target

FULL_LINES = 32
"""So many grid lines cross the plot; more become ticks at its foot."""

WIDEST = {PerTensor: "", PerChannel: " of the widest channel", PerGroup: " of the widest group"}

VALUES: dict[Target, str] = {"weight": "weight", "activation": "input value"}


def tensor_histogram(
    histogram: Histogram,
    stats: TensorStats,
    effect: SpecEffect | None,
    *,
    title: str = "",
    kind: Target = "weight",
    log_counts: bool = False,
) -> go.Figure:
    """Counts of a tensor's values with the grid of a spec drawn over them.

    Args:
        histogram: of the tensor.
        stats: its moments and extremes.
        effect: of the spec whose grid is drawn; None draws no grid.
        title: above the plot; empty for none.
        kind: what the values are, for the axis.
        log_counts: logarithmic counts show the tails.
    """
    traces: list[go.Bar | go.Scatter] = [_bars(histogram)]
    if effect is not None and effect.grid:
        traces += [_grid_lines(effect), _range_ends(effect)]
    legend, room = legend_below(traces)
    figure = framed(
        traces,
        height=(270 if not title else 300) + room,
        alt=_histogram_alt(stats, effect, kind),
        top=34 if title else 8,
        bottom=room + 44,
    )
    counts = {"type": "log"} if log_counts else {"rangemode": "tozero"}
    figure.update_layout(
        bargap=0,
        showlegend=len(traces) > 1,
        legend=legend,
        xaxis=axis(VALUES[kind], zeroline=False),
        yaxis=axis("count, log" if log_counts else "count", zeroline=False, **counts),
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
    )
    if title:
        figure.update_layout(title={"text": escape(title), "font": {"size": 14}, "x": 0})
    return figure


def _bars(histogram: Histogram) -> go.Bar:
    """One bar a bin; a constant tensor is one bar of its own width."""
    bins = len(histogram.counts)
    width = (histogram.high - histogram.low) / bins or abs(histogram.low) / bins or 1.0 / bins
    return go.Bar(
        x0=histogram.low + width / 2,
        dx=width,
        y=np.array(histogram.counts, dtype=np.float32),
        width=width,
        marker={"color": CATEGORIES[5], "line": {"width": 0}},
        hovertemplate="%{x:.3~g}: %{y:,} values<extra></extra>",
        showlegend=False,
        name="values",
    )


def _grid_lines(effect: SpecEffect) -> go.Scatter:
    """Thin lines at the values the codes stand for; many of them are ticks at the foot."""
    scheme = WIDEST[type(effect.spec.granularity)]
    name = f"grid{scheme}:<br>{wrapped(effect.spec.label, 30)}"
    colour = translucent(ACCENT, 0.65)
    grid = np.array(effect.grid, dtype=np.float32)
    if len(grid) > FULL_LINES:
        return go.Scatter(
            x=grid,
            y0=0.04,
            dy=0,
            yaxis="y2",
            mode="markers",
            marker={"symbol": "line-ns", "size": 12, "line": {"color": colour, "width": 1}},
            name=name,
            hoverinfo="skip",
        )
    return go.Scatter(
        x=np.repeat(grid, 3),
        y=[0, 1, None] * len(grid),
        yaxis="y2",
        mode="lines",
        line={"color": colour, "width": 1},
        name=name,
        hoverinfo="skip",
    )


def _range_ends(effect: SpecEffect) -> go.Scatter:
    low, high = effect.grid[0], effect.grid[-1]
    return go.Scatter(
        x=[low, low, None, high, high],
        y=[0, 1, None, 0, 1],
        yaxis="y2",
        mode="lines",
        line={"color": ACCENT, "width": 2, "dash": "dot"},
        name=f"ends of its range: {short(low)} to {short(high)}",
        hoverinfo="skip",
    )


def _histogram_alt(stats: TensorStats, effect: SpecEffect | None, kind: Target) -> str:
    text = (
        f"Histogram of {stats.count:,} {VALUES[kind]}s from {short(stats.minimum)} to "
        f"{short(stats.maximum)}, mean {short(stats.mean)}"
    )
    if effect is None:
        return text + "."
    return (
        f"{text}, with {len(effect.grid)} grid values of {effect.spec.label}, which clips "
        f"{short(100 * effect.clipped)}{SPACE}% and leaves {short(effect.sqnr_db, 3)} dB SQNR."
    )


def spec_curve(profile: LayerProfile, *, target: Target = "weight") -> go.Figure:
    """SQNR over bits for each family of specs in the menu; an exact one (infinite) is left out."""
    effects = profile.effects if target == "weight" else profile.activation_effects
    lines = families([effect for effect in effects if isfinite(effect.sqnr_db)])
    traces = [
        go.Scatter(
            x=[row.spec.bits for row in rows],
            y=[row.sqnr_db for row in rows],
            mode="lines+markers",
            line={"color": category(index), "width": 2},
            marker={"symbol": symbol(index), "size": 7},
            name=name,
            customdata=[row.spec.label for row in rows],
            hovertemplate="<b>%{customdata}</b><br>SQNR %{y:.1f} dB<extra></extra>",
            unselected={"marker": {"opacity": 1}},
        )
        for index, (name, rows) in enumerate(lines.items())
    ]
    legend, room = legend_below(traces)
    widths = sorted({effect.spec.bits for effect in effects})
    figure = framed(
        traces,
        height=270 + room,
        alt=f"SQNR of the {target} of {profile.layer.name} over {', '.join(map(str, widths))} "
        f"bits for {len(lines)} families of specs.",
        bottom=room + 44,
    )
    return figure.update_layout(
        showlegend=True,
        legend=legend,
        xaxis=axis("bits", tickvals=widths, zeroline=False),
        yaxis=axis("SQNR (dB, higher is better)", zeroline=False),
    )
