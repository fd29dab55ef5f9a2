"""The look of every layers x bits figure: cells, colour bar, axes, frame of the selected layer."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.cells import CellGrid
from analysis.charts.frame import axis
from analysis.charts.palette import ACCENT, CLEAR, EMPTY, scale
from analysis.charts.rows import LABELLED, row_axis, row_pixels

LEVELS = 254
"""Colour steps: one byte a cell instead of eight digits."""

TOP = 88
"""Pixels above the cells: colour bar, axis title, widths."""

_TITLE = 17
"""Pixels of the title above the colour bar."""


def grid_height(layers: int) -> int:
    """Pixels of the whole figure."""
    return TOP + max(1, layers) * row_pixels(layers) + 8


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


def add_colour_bar(
    figure: go.Figure, title: str, colours: tuple[str, ...], ticks: tuple[tuple[float, str], ...]
) -> go.Figure:
    """A colour axis with its bar above the plot, where it stays in sight of tall figures.

    Its title is an annotation: plotly's own lies on the bar where the figure is low.
    """
    figure.add_annotation(
        text=title,
        showarrow=False,
        font={"size": 12},
        x=0.5,
        xref="paper",
        y=1,
        yref="paper",
        yanchor="top",
        yshift=TOP + 2,
    )
    return figure.update_layout(coloraxis=_colour_axis(colours, ticks, figure.layout.height))


def _colour_axis(
    colours: tuple[str, ...], ticks: tuple[tuple[float, str], ...], height: float
) -> dict[str, Any]:
    return {
        "colorscale": scale(colours),
        "cmin": 0,
        "cmax": LEVELS,
        "colorbar": {
            "orientation": "h",
            "tickvals": [LEVELS * share for share, _ in ticks],
            "ticktext": [text for _, text in ticks],
            "tickfont": {"size": 11},
            "thickness": 8,
            "len": 1,
            "x": 0.5,
            "xpad": 0,
            "y": 1 - _TITLE / height,
            "yref": "container",
            "yanchor": "top",
            "ypad": 0,
            "outlinewidth": 0,
        },
    }


def place_grid(figure: go.Figure, grid: CellGrid[Any], selected: str | None = None) -> None:
    """Axes of a layers x bits figure, and a frame round the selected layer."""
    rows = row_axis(grid.layers, selected=selected)
    whole = grid.count == len(grid.layers) * len(grid.bits)
    figure.update_layout(
        plot_bgcolor=CLEAR if whole else EMPTY,
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
            line={"color": ACCENT, "width": 2.5 if rows.pixels > 5 else 1.5},
        )
