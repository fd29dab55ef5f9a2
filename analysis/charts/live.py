"""A sweep that is running, as an ECharts option: streamlit redraws those in place.

A plotly figure would be torn down and built anew at every tick (STREAMLIT.md, finding 4).
"""

from collections.abc import Iterable
from math import isnan
from typing import Any

from analysis.charts.cells import CellGrid, setup_grid
from analysis.charts.logscale import LogScale, log_scale
from analysis.charts.numerals import DIVERGENCES, short
from analysis.charts.palette import CIVIDIS, ink_on, mix, ramp
from analysis.charts.rows import LABELLED, NUMBERED, shortened
from analysis.sensitivity.points import SweepPoint, SweepSetup, Target

FADED = 0.55
"""Opacity of a cell that is only an estimate, or as uncertain as it is large."""

_PAGE = {True: "#10151D", False: "#FFFFFF"}
"""What a faded cell lets through: the backgrounds of `.streamlit/config.toml`."""

_EMPTY = {True: "rgba(255,255,255,0.07)", False: "rgba(0,0,0,0.05)"}
_LINE = {True: "rgba(255,255,255,0.16)", False: "rgba(0,0,0,0.12)"}


def live_heatmap(
    setup: SweepSetup, points: Iterable[SweepPoint], *, target: Target, dark: bool
) -> dict[str, Any]:
    """The heat map so far; a cell without a point is empty.

    Args:
        setup: of the sweep; gives all rows and columns from the start.
        points: those that are in; a later one of a cell replaces an earlier one.
        target: weights or activations.
        dark: whether the page is dark, for the empty cells.
    """
    grid = setup_grid(setup, points, target)
    shades = log_scale(point.divergence for _, _, point in grid.points)
    return {
        "animation": False,
        "grid": {"left": 4, "right": 8, "top": 74, "bottom": 4, "containLabel": True},
        "xAxis": _columns(grid, dark=dark),
        "yAxis": _rows(grid, dark=dark),
        "visualMap": _colours(shades, DIVERGENCES[setup.divergence], known=grid.count > 0),
        "tooltip": {
            "formatter": "<b>{@[5]}</b>, {@[6]} bits<br>divergence {@[3]}<br>"
            f"on {{@[4]}} of {setup.samples:,} sweep samples"
        },
        "series": [_cells(grid, shades, dark=dark)],
    }


def _cells(grid: CellGrid[SweepPoint], shades: LogScale, *, dark: bool) -> dict[str, Any]:
    """Column, row, decade for the colour; then number, samples, layer and bits for people."""
    numbered = len(grid.layers) <= NUMBERED
    rows = [
        _cell(
            point,
            [
                column,
                row,
                round(shades.place(point.divergence), 3),
                short(point.divergence),
                point.samples,
                point.layer,
                point.bits,
            ],
            _ink(point, shades, dark=dark) if numbered else None,
        )
        for row, column, point in grid.points
        if not isnan(point.divergence)
    ]
    return {
        "type": "heatmap",
        "data": rows,
        "encode": {"x": 0, "y": 1, "value": 2},
        "label": {"show": numbered, "formatter": "{@[3]}", "fontSize": 11},
        "emphasis": {"disabled": True},
    }


def _cell(point: SweepPoint, row: list[Any], ink: str | None) -> list[Any] | dict[str, Any]:
    """A plain row, or one that is drawn faded or has a number in a colour of its own."""
    style: dict[str, Any] = {"itemStyle": {"opacity": FADED}} if point.uncertain else {}
    if ink is not None:
        style["label"] = {"color": ink}
    return {"value": row, **style} if style else row


def _ink(point: SweepPoint, shades: LogScale, *, dark: bool) -> str:
    """What a number is readable in on the cell as it is seen, faded or not."""
    fill = ramp(CIVIDIS, shades.share(point.divergence))
    return ink_on(mix(_PAGE[dark], fill, FADED) if point.uncertain else fill)


def _columns(grid: CellGrid[SweepPoint], *, dark: bool) -> dict[str, Any]:
    return {
        "type": "category",
        "data": [str(width) for width in grid.bits],
        "name": "bits",
        "nameLocation": "middle",
        "nameGap": 22,
        "position": "top",
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "splitArea": {"show": True, "areaStyle": {"color": [_EMPTY[dark]]}},
        "splitLine": {"show": True, "lineStyle": {"color": _LINE[dark]}},
    }


def _rows(grid: CellGrid[SweepPoint], *, dark: bool) -> dict[str, Any]:
    return {
        "type": "category",
        "data": [shortened(name) for name in grid.layers],
        "inverse": True,
        "axisTick": {"show": False},
        "axisLine": {"show": False},
        "axisLabel": {"fontSize": 11, "hideOverlap": True},
        "splitLine": {
            "show": len(grid.layers) <= LABELLED,
            "lineStyle": {"color": _LINE[dark]},
        },
    }


def _colours(shades: LogScale, title: str, *, known: bool) -> dict[str, Any]:
    """Colour bar above the cells; its ends say what the decades stand for."""
    low = "0" if shades.zero is not None else short(10.0**shades.low)
    return {
        "type": "continuous",
        "show": known,
        "min": round(shades.bottom, 3),
        "max": round(shades.high, 3),
        "dimension": 2,
        "calculable": False,
        "hoverLink": False,
        "orient": "horizontal",
        "left": 0,
        "top": 0,
        "itemWidth": 8,
        "itemHeight": 90,
        "text": [f"{short(10.0**shades.high)} {title}", low],
        "textStyle": {"fontSize": 11},
        "inRange": {"color": list(CIVIDIS)},
    }
