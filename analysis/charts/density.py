"""Many layers at a glance: layers down, weight values across, colour for how many weights."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.frame import axis, framed
from analysis.charts.grid import LEVELS, TOP, add_colour_bar
from analysis.charts.histogram import VALUES
from analysis.charts.palette import CIVIDIS, CLEAR
from analysis.charts.rows import row_axis, row_pixels
from analysis.profiles import LayerProfile
from analysis.quant.stats import Histogram
from analysis.sensitivity.points import Target

BINS = 48
"""Bins from minus to plus the layer's largest magnitude."""


def density_info(
    profiles: Sequence[LayerProfile], target: Target = "weight"
) -> NDArray[np.float64]:
    """Share of each layer's fullest bin, (layers, `BINS`), over -1 to 1 times its largest value.

    The square root is taken, as the eye tells tails from nothing only so. The row of an input that
    was never seen is empty.
    """
    found = (profile.histogram_of(target) for profile in profiles)
    rows = [_row(histogram) if histogram else np.zeros(BINS) for histogram in found]
    return np.array(rows, dtype=np.float64).reshape(-1, BINS)


def _row(histogram: Histogram) -> NDArray[np.float64]:
    largest = max(abs(histogram.low), abs(histogram.high)) or 1.0
    if histogram.low == histogram.high:
        constant = np.zeros(BINS)
        constant[min(int((histogram.low / largest + 1) / 2 * BINS), BINS - 1)] = 1.0
        return constant
    counts = np.array(histogram.counts, dtype=np.float64)
    edges = np.linspace(histogram.low, histogram.high, len(counts) + 1) / largest
    below = np.interp(np.linspace(-1, 1, BINS + 1), edges, np.concatenate([[0], counts.cumsum()]))
    mass = np.diff(below)
    return np.asarray(np.sqrt(mass / mass.max()))


def density_map(profiles: Sequence[LayerProfile], target: Target = "weight") -> go.Figure:
    """The map of all layers in call order; a click on a row selects its layer's name.

    No layer is framed, so that the figure stays the same and travels once.
    """
    names = [profile.layer.name for profile in profiles]
    rows = row_axis(names)
    cells = go.Heatmap(
        z=np.round(density_info(profiles, target) * LEVELS).astype(np.uint8),
        x0=-1 + 1 / BINS,
        dx=2 / BINS,
        coloraxis="coloraxis",
        hoverinfo="skip",
    )
    figure = framed(
        [cells, _rows_to_click(names)],
        height=TOP + rows.height + 8,
        alt=f"Density of the {VALUES[target]}s of {len(names)} layers, each over its own range "
        "from minus to plus its largest magnitude.",
        top=TOP,
    )
    ticks = ((0.0, "0"), (0.5, "¼"), (1.0, "1"))
    add_colour_bar(
        figure, f"{VALUES[target]}s, relative to the layer's fullest bin (root)", CIVIDIS, ticks
    )
    return figure.update_layout(
        hoverdistance=-1,
        xaxis=axis(f"{VALUES[target]} / largest", side="top", tickvals=[-1, 0, 1], showgrid=False),
        yaxis=axis(
            ticks="",
            tickvals=[index for index, _ in rows.labels],
            ticktext=[text for _, text in rows.labels],
            range=[rows.count - 0.5, -0.5],
            showgrid=False,
            zeroline=False,
        ),
    )


def _rows_to_click(names: Sequence[str]) -> go.Scatter:
    """Invisible markers: Streamlit reports clicks on those, not on cells."""
    still = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=np.zeros(len(names), dtype=np.int8),
        y=np.arange(len(names), dtype=np.uint16),
        customdata=list(names),
        mode="markers",
        marker={"opacity": 0, "size": row_pixels(len(names)), "color": CLEAR},
        selected=still,
        unselected=still,
        showlegend=False,
        hovertemplate="<b>%{customdata}</b><extra></extra>",
    )
