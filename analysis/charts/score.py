"""A recipe judged: predicted against measured, damage by class, recipes side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from analysis.charts.frame import axis, framed, legend_below, log_axis
from analysis.charts.intervals import error_bar, interval, linear_error_bar, measured_on
from analysis.charts.logscale import LogScale, log_scale
from analysis.charts.numerals import (
    DIVERGENCES,
    SPACE,
    bytes_text,
    metric_scale,
    metric_title,
    metric_unit,
    short,
)
from analysis.charts.palette import ACCENT, NEUTRAL, category, symbol
from analysis.charts.reading import DIVERGENCE
from analysis.charts.rows import wrapped
from analysis.scores import ClassDamage, Interval, Score

PredictedMeasured = tuple[str, float, float, float, float, float, float]
"""Name; predicted divergence, low, high; measured divergence, low, high."""

CLASSES = 20
"""So many of the worst classes are drawn."""


def predicted_vs_measured(rows: Sequence[PredictedMeasured]) -> go.Figure:
    """Measured over predicted divergence, both logarithmic, with the line of equality."""
    values = [number for row in rows for number in row[1:] if number > 0 or number == row[4]]
    shades = log_scale(values)
    traces = [_equality(shades), *(_pair(row, index, shades) for index, row in enumerate(rows))]
    legend, room = legend_below(traces)
    figure = framed(traces, height=340 + room, alt=_pairs_alt(rows), bottom=room + 44)
    return figure.update_layout(
        showlegend=True,
        legend=legend,
        xaxis=log_axis("predicted divergence", shades),
        yaxis=log_axis("measured divergence", shades),
    )


def _equality(shades: LogScale) -> go.Scatter:
    ends = [10.0 ** (shades.bottom - 1), 10.0 ** (shades.high + 1)]
    return go.Scatter(
        x=ends,
        y=ends,
        mode="lines",
        line={"color": NEUTRAL, "width": 1.5, "dash": "dash"},
        name="measured = predicted; above it the sum was too low",
        hoverinfo="skip",
    )


def _pair(row: PredictedMeasured, index: int, shades: LogScale) -> go.Scatter:
    name, predicted, low, high, measured, measured_low, measured_high = row
    x, y = shades.shown(predicted), shades.shown(measured)
    return go.Scatter(
        x=[x],
        y=[y],
        error_x=error_bar(x, [low, high], shades),
        error_y=error_bar(y, [measured_low, measured_high], shades),
        mode="markers",
        marker={"color": category(index), "symbol": symbol(index), "size": 10},
        name=wrapped(name, 40),
        hovertemplate=f"<b>{escape(name)}</b><br>predicted {short(predicted)}, "
        f"{interval(low, high)}<br>measured {short(measured)}, "
        f"{interval(measured_low, measured_high)}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )


def _pairs_alt(rows: Sequence[PredictedMeasured]) -> str:
    parts = [f"{row[0]}: predicted {short(row[1])}, measured {short(row[4])}" for row in rows]
    return f"Predicted against measured divergence; {'; '.join(parts) or 'no recipe yet'}."


def class_damage(classes: Sequence[ClassDamage]) -> go.Figure:
    """Share right of each class, float and quantised, joined by a line; the worst `CLASSES`."""
    shown = classes[:CLASSES]
    places = list(range(len(shown)))
    floats = [100 * row.reference for row in shown]
    quantised = [100 * row.actual for row in shown]
    links = go.Scatter(
        x=[end for a, b in zip(floats, quantised, strict=True) for end in (a, b, None)],
        y=[end for place in places for end in (place, place, None)],
        mode="lines",
        line={"color": NEUTRAL, "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )
    texts = [_class_hover(row) for row in shown]
    traces = [
        links,
        _dots(floats, places, texts, "float", NEUTRAL, "circle-open"),
        _dots(quantised, places, texts, "quantised", ACCENT, "circle"),
    ]
    legend, room = legend_below(traces)
    figure = framed(
        traces, height=26 * len(shown) + 60 + room, alt=_classes_alt(classes), bottom=room + 44
    )
    return figure.update_layout(
        showlegend=True,
        legend=legend,
        xaxis=axis("samples of the class that are right (%)", zeroline=False),
        yaxis=_name_axis([row.label for row in shown]),
    )


def _dots(
    xs: Sequence[float], ys: Sequence[int], texts: Sequence[str], name: str, colour: str, mark: str
) -> go.Scatter:
    return go.Scatter(
        x=xs,
        y=ys,
        mode="markers",
        marker={"color": colour, "symbol": mark, "size": 10, "line": {"width": 2, "color": colour}},
        name=name,
        hovertext=texts,
        hovertemplate="%{hovertext}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )


def _class_hover(row: ClassDamage) -> str:
    return (
        f"<b>{escape(row.label)}</b>, {row.samples:,} samples<br>float "
        f"{100 * row.reference:.1f}{SPACE}%, quantised {100 * row.actual:.1f}{SPACE}%"
    )


def _name_axis(names: Sequence[str], sizes: Sequence[int] = ()) -> dict[str, object]:
    texts = [wrapped(name, 18) for name in names]
    if sizes:
        pairs = zip(texts, sizes, strict=True)
        texts = [f"{text}<br>{bytes_text(size)}" for text, size in pairs]
    return axis(
        ticks="",
        tickvals=list(range(len(names))),
        ticktext=texts,
        range=[len(names) - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
    )


def _classes_alt(classes: Sequence[ClassDamage]) -> str:
    if not classes:
        return "Damage by class; this metric has no classes."
    worst = classes[0]
    return (
        f"Share right in float and quantised for {len(classes)} classes; {worst.label} lost most, "
        f"from {100 * worst.reference:.1f} % to {100 * worst.actual:.1f} %."
    )


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One recipe's metric with its 95 % interval, in the unit of the axis."""

    name: str
    value: float
    low: float
    high: float
    weight_bytes: int
    samples: int


def comparison_info(scores: Sequence[tuple[str, Score]], metric: str) -> tuple[ComparisonRow, ...]:
    """The recipes that have the figure, in the order given.

    Args:
        scores: name and score of each recipe.
        metric: name of a metric, or ``divergence``.
    """
    return tuple(
        ComparisonRow(
            name, figure.value, figure.low, figure.high, score.cost.weight_bytes, score.samples
        )
        for name, score in scores
        if (figure := _figure(score, metric)) is not None
    )


def _figure(score: Score, metric: str) -> Interval | None:
    if metric == DIVERGENCE:
        return Interval(score.divergence, score.low, score.high)
    found, factor = score.actual.get(metric), metric_scale(metric)
    if found is None:
        return None
    return Interval(factor * found.value, factor * found.low, factor * found.high)


def comparison(scores: Sequence[tuple[str, Score]], metric: str) -> go.Figure:
    """Recipes side by side: a dot with its 95 % interval each, and a line for the float model.

    Args:
        scores: name and score of each recipe, all on one evaluation set.
        metric: name of a metric, or ``divergence``.
    """
    rows = comparison_info(scores, metric)
    shades = log_scale(row.value for row in rows)
    is_divergence = metric == DIVERGENCE
    traces = [_dot(row, index, shades if is_divergence else None) for index, row in enumerate(rows)]
    figure = framed(traces, height=62 * len(rows) + 84, alt=_comparison_alt(rows, metric), top=24)
    title = DIVERGENCES[scores[0][1].divergence_kind] if scores else DIVERGENCE
    figure.update_layout(
        xaxis=log_axis(title, shades, margin=0.16) if is_divergence else axis(metric_unit(metric)),
        yaxis=_name_axis([row.name for row in rows], [row.weight_bytes for row in rows]),
    )
    floats = {score.reference[metric] for _, score in scores if metric in score.reference}
    if len(floats) == 1:
        figure.add_vline(
            x=metric_scale(metric) * floats.pop(),
            line={"color": NEUTRAL, "dash": "dash", "width": 1.5},
            annotation={"text": "float", "yanchor": "bottom", "xanchor": "center", "y": 1},
        )
    return figure


def _dot(row: ComparisonRow, index: int, shades: LogScale | None) -> go.Scatter:
    x = row.value if shades is None else shades.shown(row.value)
    ends = [row.low, row.high]
    bar = error_bar(x, ends, shades) if shades else linear_error_bar(x, ends)
    return go.Scatter(
        x=[x],
        y=[index],
        error_x=bar,
        mode="markers+text",
        text=[short(row.value, 3)],
        textposition="top center",
        cliponaxis=False,
        marker={"color": category(index), "symbol": symbol(index), "size": 11},
        selected={"textfont": {"color": category(index)}},
        hovertemplate=f"<b>{escape(row.name)}</b><br>{short(row.value, 3)}, "
        f"{interval(row.low, row.high, 3)}<br>{measured_on(row.samples)}<br>"
        f"{bytes_text(row.weight_bytes)}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )


def _comparison_alt(rows: Sequence[ComparisonRow], metric: str) -> str:
    parts = [f"{row.name} {short(row.value, 3)}" for row in rows]
    return f"{metric_title(metric)} of {len(rows)} recipes: {'; '.join(parts) or 'none yet'}."
