"""What all figures share: theme, margins, hover, and the sentence that describes them."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from analysis.charts.logscale import LogScale
from analysis.charts.palette import CATEGORIES, CLEAR

_TEMPLATE = go.layout.Template(layout={"colorway": list(CATEGORIES)})
"""Nearly empty: plotly's own template is 6 KiB a figure, and streamlit draws its theme over it."""

TICK_FONT = {"size": 11}


def framed(
    traces: list[Any],
    *,
    height: int,
    alt: str,
    top: int = 8,
    bottom: int = 8,
    **more: Any,
) -> go.Figure:
    """A figure that fills its column and takes text and grid colours from the page's theme.

    Args:
        traces: in drawing order.
        height: pixels; the width is the page's.
        alt: one sentence for those who do not see the figure.
        top: pixels above the plot.
        bottom: pixels below the plot; axis labels add to it.
        more: further parts of the layout; given here they cost a tenth of an update afterwards.
    """
    layout = {
        "template": _TEMPLATE,
        "height": height,
        "margin": {"l": 8, "r": 12, "t": top, "b": bottom, "pad": 3},
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        # A finger that drags over a figure scrolls the page.
        "dragmode": False,
        "hovermode": "closest",
        "showlegend": False,
        "meta": {"alt": alt},
    }
    return go.Figure(traces, {**layout, **more})


def alt_text(figure: go.Figure) -> str:
    """The sentence that describes a figure, for `st.plotly_chart(alt=…)`."""
    return str(figure.layout.meta["alt"])


def axis(title: str | None = None, **more: Any) -> dict[str, Any]:
    """Settings of one axis: title with unit, small labels, room made for them."""
    named = {"title": {"text": title, "font": {"size": 12}, "standoff": 8}} if title else {}
    return {"automargin": True, "tickfont": TICK_FONT, **named, **more}


def legend_below(traces: Sequence[Any]) -> tuple[dict[str, Any], int]:
    """A legend under the plot, and the pixels it takes.

    One entry a line, because side by side they are cut off on a phone.
    """
    named = [trace for trace in traces if trace.showlegend is not False]
    titled = [trace for trace in named if trace.legendgroup]
    groups = len({trace.legendgroup for trace in titled})
    lines = groups + sum(1 + (trace.name or "").count("<br>") for trace in named)
    legend = {
        "orientation": "v",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "bgcolor": CLEAR,
        "font": {"size": 12},
        "tracegroupgap": 6,
        "itemclick": False,
        "itemdoubleclick": False,
    }
    return legend, 16 * lines + 3 * len(named) + 8 * groups + 12


def log_axis(title: str, scale: LogScale, *, margin: float = 0.06) -> dict[str, Any]:
    """A logarithmic axis; draw on it what `scale.shown` returns, so that zeros have a place.

    Args:
        title: with its unit.
        scale: of the values.
        margin: share of the axis that stays free at each end.
    """
    room = margin * (scale.high - scale.bottom)
    return axis(
        title,
        type="log",
        tickvals=[10.0**place for place, _ in scale.ticks],
        ticktext=[text for _, text in scale.ticks],
        range=[scale.bottom - room, scale.high + room],
        zeroline=False,
    )
