"""What lies over the cells of a heat map: their numbers, and invisible markers for the mouse.

Streamlit reports no clicks on heat-map cells (its issue 8760), but those on markers. The markers
also carry the hover text, because plotly gives the mouse to markers before cells.
"""

from math import isnan
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from analysis.charts.cells import CellGrid
from analysis.charts.palette import ACCENT, NEUTRAL, ink_on, ramp
from analysis.charts.rows import row_pixels
from analysis.sensitivity.points import SweepPoint


def click_overlay(
    grid: CellGrid[Any], *, marker: dict[str, Any] | None = None, **hover: Any
) -> go.Scatter:
    """One marker a measured cell; its `customdata` is `[name of the row, bits]`.

    Args:
        grid: the cells below.
        marker: more marker settings, one value a point.
        hover: `hovertemplate` and what it needs.
    """
    places = list(grid.points)
    row_type = np.uint8 if len(grid.layers) <= 256 else np.uint16
    still = {"marker": {"opacity": 0}}
    return go.Scatter(
        x=np.array([column for _, column, _ in places], dtype=np.uint8),
        y=np.array([row for row, _, _ in places], dtype=row_type),
        customdata=[[grid.layers[row], grid.bits[column]] for row, column, _ in places],
        mode="markers",
        marker={
            "symbol": "square",
            # No wider than a row: inside a marker's radius the nearest centre no longer decides.
            "size": row_pixels(len(grid.layers)) - 2,
            "opacity": 0,
            **(marker or {}),
        },
        selected=still,
        unselected=still,
        showlegend=False,
        **hover,
    )


def uncertain_marks(
    grid: CellGrid[SweepPoint], shares: NDArray[np.float64], colours: tuple[str, ...]
) -> go.Scatter:
    """A stroke through each cell that is only an estimate, or as uncertain as it is large."""
    places = [(row, column) for row, column, point in grid.points if point.uncertain]
    inks = [_ink(colours, float(shares[place])) for place in places]
    return go.Scatter(
        x=[column for _, column in places],
        y=[row for row, _ in places],
        mode="markers",
        marker={
            "symbol": "line-ne-open",
            "size": row_pixels(len(grid.layers)) - 4,
            "line": {"width": 1, "color": inks},
            "opacity": 0.45,
        },
        hoverinfo="skip",
        showlegend=False,
    )


def cell_numbers(
    grid: CellGrid[Any],
    texts: tuple[tuple[str, ...], ...],
    shares: NDArray[np.float64],
    colours: tuple[str, ...],
) -> go.Scatter:
    """The number of each measured cell, in the ink that reads on the cell's colour.

    A trace of its own: plotly's heat-map text has one dark ink, too light for the middle tones.
    """
    places = [(row, column) for row, column, _ in grid.points]
    inks = [_ink(colours, float(shares[place])) for place in places]
    return go.Scatter(
        x=[column for _, column in places],
        y=[row for row, _ in places],
        text=[texts[row][column] for row, column in places],
        mode="text",
        textfont={"size": 9.5, "color": inks},
        # Plotly dims the text of unselected points unless the selected ones have a colour.
        selected={"textfont": {"color": ACCENT}},
        hoverinfo="skip",
        showlegend=False,
    )


def _ink(colours: tuple[str, ...], share: float) -> str:
    """Ink for a number; a figure that is NaN has no colour below it."""
    return NEUTRAL if isnan(share) else ink_on(ramp(colours, share))
