"""What it buys: predicted divergence over stored bytes, with what was really measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from analysis.allocation.frontier import FrontierPoint
from analysis.charts.frame import axis, framed, legend_below, log_axis
from analysis.charts.intervals import error_bar, interval, measured_on
from analysis.charts.logscale import LogScale, log_scale
from analysis.charts.numerals import byte_unit, bytes_text, range_text, short
from analysis.charts.palette import ACCENT, CATEGORIES, FAINT, category, symbol, translucent
from analysis.charts.rows import wrapped

PREDICTED = "predicted (sum of single-layer figures)"


@dataclass(frozen=True, slots=True)
class MeasuredMark:
    """A recipe that was run, with its stored bytes and its divergence on held-out samples.

    Attributes:
        low, high: 95 % interval of the divergence.
        samples: held-out samples behind it.
    """

    name: str
    weight_bytes: int
    divergence: float
    low: float
    high: float
    samples: int


@dataclass(frozen=True, slots=True)
class CalibratedLine:
    """Predictions along the frontier, corrected by recipes that were measured.

    Attributes:
        label: what the line is, for the legend.
        rows: weight bytes, divergence, lower and upper end of its 90 % interval; by rising bytes.
    """

    label: str
    rows: tuple[tuple[int, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class FrontierInfo:
    """Axes of the frontier figure.

    Attributes:
        divisor, unit: of the byte axis.
        shades: divergence axis, wide enough for every mark and interval.
    """

    divisor: float
    unit: str
    shades: LogScale


def frontier_info(
    points: Sequence[FrontierPoint],
    chosen: tuple[int, float] | None,
    measured: Sequence[MeasuredMark],
    calibrated: CalibratedLine | None = None,
) -> FrontierInfo:
    """Ranges that hold all that is drawn."""
    sizes = [point.weight_bytes for point in points] + [mark.weight_bytes for mark in measured]
    values = [point.divergence for point in points]
    for mark in measured:
        values += [mark.divergence, mark.high] + ([mark.low] if mark.low > 0 else [])
    if chosen is not None:
        sizes.append(chosen[0])
        values.append(chosen[1])
    if calibrated is not None:
        values += [value for row in calibrated.rows for value in row[1:] if value > 0]
    return FrontierInfo(*byte_unit(max(sizes, default=0)), log_scale(values))


def frontier_figure(
    points: Sequence[FrontierPoint],
    *,
    chosen: tuple[int, float] | None = None,
    measured: Sequence[MeasuredMark] = (),
    calibrated: CalibratedLine | None = None,
) -> go.Figure:
    """The frontier; a click on it selects the index of the point in `points`.

    Args:
        points: ascending bytes.
        chosen: stored bytes and predicted divergence of the recipe in hand, drawn as a star.
        measured: recipes that were run.
        calibrated: corrected predictions with their band; `chosen` is then one of these.
    """
    info = frontier_info(points, chosen, measured, calibrated)
    traces = [] if calibrated is None else _calibrated(calibrated, info)
    traces += [_line(points, info, plain=calibrated is None)]
    traces += [] if chosen is None else [_star(chosen, info)]
    traces += [_mark(mark, index, info) for index, mark in enumerate(measured)]
    legend, room = legend_below(traces)
    return framed(
        traces,
        height=320 + room,
        alt=_alt(points, chosen, measured),
        bottom=room + 44,
        showlegend=True,
        legend=legend,
        xaxis=axis(f"stored weights ({info.unit})", zeroline=False),
        yaxis=log_axis("divergence", info.shades),
    )


def _calibrated(line: CalibratedLine, info: FrontierInfo) -> list[go.Scatter]:
    """The corrected line over the band of its intervals."""
    sizes = [row[0] / info.divisor for row in line.rows]
    low, high = ([info.shades.shown(row[end]) for row in line.rows] for end in (2, 3))
    band = go.Scatter(
        x=[*sizes, *reversed(sizes)],
        y=[*high, *reversed(low)],
        fill="toself",
        fillcolor=translucent(CATEGORIES[0], 0.16),
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        name="its 90 % interval",
    )
    shown = go.Scatter(
        x=sizes,
        y=[info.shades.shown(row[1]) for row in line.rows],
        text=[f"{short(row[1])}<br>90 % interval {range_text(*row[2:])}" for row in line.rows],
        hovertemplate=f"%{{x:,.1f}} {info.unit}<br>%{{text}}<extra></extra>",
        mode="lines",
        line={"color": CATEGORIES[0], "width": 2.5},
        name=wrapped(line.label, 40),
    )
    return [band, shown]


def _line(points: Sequence[FrontierPoint], info: FrontierInfo, *, plain: bool = True) -> go.Scatter:
    """The predicted line; beyond 120 points its markers only take the mouse."""
    size, colour = 6 if len(points) <= 120 else 2, CATEGORIES[0] if plain else FAINT
    return go.Scatter(
        x=np.array([point.weight_bytes / info.divisor for point in points], dtype=np.float32),
        y=np.array([info.shades.shown(point.divergence) for point in points], dtype=np.float32),
        customdata=list(range(len(points))),
        text=[f"{point.effective_bits:.2f}" for point in points],
        hovertext=[short(point.divergence) for point in points],
        hovertemplate=f"%{{x:,.1f}} {info.unit}, %{{text}} bits<br>predicted %{{hovertext}}"
        "<extra></extra>",
        mode="lines+markers",
        line={"color": colour, "width": 2 if plain else 1, "dash": "solid" if plain else "dot"},
        marker={"color": colour, "size": size},
        unselected={"marker": {"opacity": 1}},
        name=PREDICTED,
    )


def _mark(mark: MeasuredMark, index: int, info: FrontierInfo) -> go.Scatter:
    """One recipe that was run; colour and symbol follow from its place in the list."""
    colour, y = category(index + 2), info.shades.shown(mark.divergence)
    return go.Scatter(
        x=[mark.weight_bytes / info.divisor],
        y=[y],
        error_y=error_bar(y, [mark.low, mark.high], info.shades),
        mode="markers",
        marker={"color": colour, "symbol": symbol(index), "size": 11},
        name=wrapped(mark.name, 40),
        legendgroup=str(mark.samples),
        legendgrouptitle={"text": f"{measured_on(mark.samples)}:", "font": {"size": 12}},
        hovertext=[f"{short(mark.divergence, 3)}<br>{interval(mark.low, mark.high)}"],
        hovertemplate=f"<b>{escape(mark.name)}</b><br>divergence %{{hovertext}}<br>"
        f"{measured_on(mark.samples)}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )


def _star(chosen: tuple[int, float], info: FrontierInfo) -> go.Scatter:
    stored, divergence = chosen
    return go.Scatter(
        x=[stored / info.divisor],
        y=[info.shades.shown(divergence)],
        mode="markers",
        marker={"symbol": "star-open", "size": 19, "color": ACCENT, "line": {"width": 2.5}},
        name="the recipe in hand (predicted)",
        hovertemplate=f"<b>the recipe in hand</b><br>{bytes_text(stored)}<br>"
        f"predicted {short(divergence)}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )


def _alt(
    points: Sequence[FrontierPoint],
    chosen: tuple[int, float] | None,
    measured: Sequence[MeasuredMark],
) -> str:
    if not points:
        return "Frontier of stored bytes and divergence; there is no point yet."
    first, last = points[0], points[-1]
    text = (
        f"Frontier of {len(points)} recipes from {bytes_text(first.weight_bytes)} at predicted "
        f"divergence {short(first.divergence)} to {bytes_text(last.weight_bytes)} at "
        f"{short(last.divergence)}"
    )
    if chosen is not None:
        text += f"; the recipe in hand: {bytes_text(chosen[0])} at {short(chosen[1])}"
    for mark in measured:
        text += (
            f"; {mark.name} measured {short(mark.divergence)} at {bytes_text(mark.weight_bytes)}"
        )
    return text + "."
