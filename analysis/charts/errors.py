"""What quantising leaves of a tensor: histogram of its errors, one or two specs in one figure."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from analysis.charts.frame import axis, framed, legend_below
from analysis.charts.numerals import SPACE, short
from analysis.charts.palette import ACCENT, CATEGORIES, translucent
from analysis.charts.rows import wrapped
from analysis.trials import SpecLook

COLOURS = (CATEGORIES[5], ACCENT)
DASHES = ("solid", "dash")


def error_histogram(looks: Sequence[SpecLook]) -> go.Figure:
    """Share of the values per unit of error, one outline a spec.

    Args:
        looks: one spec, or two of the same tensor.
    """
    traces = [_outline(look, index) for index, look in enumerate(looks)]
    legend, room = legend_below(traces)
    figure = framed(
        traces,
        height=270 + room,
        alt="Histogram of the errors of "
        + " and of ".join(
            f"{look.effect.spec.label} ({short(look.effect.sqnr_db, 3)}{SPACE}dB SQNR)"
            for look in looks
        )
        + ".",
        bottom=room + 44,
    )
    return figure.update_layout(
        showlegend=True,
        legend=legend,
        xaxis=axis("quantised less float", zeroline=True),
        yaxis=axis("density", zeroline=False, rangemode="tozero"),
    )


def _outline(look: SpecLook, index: int) -> go.Scatter:
    """A stepped line round the bins; no errors at all are one spike at zero."""
    error = look.error
    counts = np.array(error.counts, dtype=np.float64)
    width = (error.high - error.low) / len(counts) or 1.0
    edges = error.low + width * np.arange(len(counts) + 1)
    density = counts / (counts.sum() * width)
    return go.Scatter(
        x=np.repeat(edges, 2).astype(np.float32),
        y=np.concatenate([[0.0], np.repeat(density, 2), [0.0]]).astype(np.float32),
        mode="lines",
        line={"color": COLOURS[index], "width": 1.5, "dash": DASHES[index]},
        fill="tozeroy",
        fillcolor=translucent(COLOURS[index], 0.25),
        name=wrapped(look.effect.spec.label, 30),
        hovertemplate="error %{x:.3~g}<extra></extra>",
    )
