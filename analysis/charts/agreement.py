"""Which proxy ranks the layers as the measurement does: a row a proxy, a dot a bit-width."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import floor

import plotly.graph_objects as go

from analysis.charts.bits_legend import bits_legend
from analysis.charts.frame import axis, framed
from analysis.charts.numerals import MINUS
from analysis.charts.palette import NEUTRAL, bits_colour
from analysis.charts.rows import wrapped
from analysis.sensitivity.proxies.agreement import ProxyAgreement
from analysis.sensitivity.proxies.catalogue import PROXIES

ROW = 46
SPREAD = 0.62
"""The dots of one proxy lie under each other within this share of its row, fewest bits on top."""

OURS = "fisher_sketch"


@dataclass(frozen=True, slots=True)
class RankedProxy:
    """One row of the figure.

    Attributes:
        figures: bits, rank correlation and ranked layers of each width that has an order.
    """

    name: str
    title: str
    median: float
    figures: tuple[tuple[int, float, int], ...]


def agreement_info(rows: Sequence[ProxyAgreement]) -> tuple[RankedProxy, ...]:
    """The proxies that have a figure, in the order given."""
    found = []
    for row in rows:
        figures = tuple(
            (one.bits, one.spearman, one.cells)
            for one in row.within
            if one.bits is not None and one.spearman is not None
        )
        if row.median is not None:
            title = PROXIES[row.proxy.name].title
            found.append(RankedProxy(row.proxy.name, title, row.median, figures))
    return tuple(found)


def proxy_agreement(rows: Sequence[ProxyAgreement]) -> go.Figure:
    """Rank correlation with the measured divergence, by proxy and bit-width; a bar is the median.

    Args:
        rows: the one that agrees best first.
    """
    info = agreement_info(rows)
    widths = sorted({bits for row in info for bits, _, _ in row.figures})
    places = {bits: _place(index, len(widths)) for index, bits in enumerate(widths)}
    traces = [_medians(info), *(_dots(info, bits, places[bits]) for bits in widths)]
    figure = framed(traces, height=ROW * len(info) + 96, alt=_alt(info), top=30)
    lowest = min([0.0, *(value for row in info for _, value, _ in row.figures)])
    figure.update_layout(
        xaxis=axis(
            "rank correlation",
            range=[floor(10 * lowest - 0.5) / 10, 1.06],
            zeroline=True,
            zerolinewidth=1,
        ),
        yaxis=axis(
            ticks="",
            tickvals=list(range(len(info))),
            ticktext=[_label(row) for row in info],
            range=[len(info) - 0.5, -0.5],
            showgrid=False,
            zeroline=False,
        ),
        shapes=[_stripe(place) for place in range(1, len(info), 2)],
    )
    return figure.add_annotation(**bits_legend(widths))


def _place(index: int, count: int) -> float:
    """Where in its row a dot lies, in rows from the middle."""
    return 0.0 if count == 1 else SPREAD * (index / (count - 1) - 0.5)


def _medians(info: Sequence[RankedProxy]) -> go.Scatter:
    half = SPREAD / 2 + 0.08
    return go.Scatter(
        x=[end for row in info for end in (row.median, row.median, None)],
        y=[end for place in range(len(info)) for end in (place - half, place + half, None)],
        mode="lines",
        line={"color": NEUTRAL, "width": 3},
        hoverinfo="skip",
    )


def _dots(info: Sequence[RankedProxy], bits: int, place: float) -> go.Scatter:
    found = [
        (index + place, row.title, value, layers)
        for index, row in enumerate(info)
        for width, value, layers in row.figures
        if width == bits
    ]
    return go.Scatter(
        x=[value for _, _, value, _ in found],
        y=[height for height, *_ in found],
        mode="markers",
        marker={"color": bits_colour(bits), "size": 9},
        hovertext=[
            f"<b>{escape(title)}</b>, {bits} bits<br>rank correlation {two(value)}"
            f"<br>over {layers} layers"
            for _, title, value, layers in found
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        cliponaxis=False,
    )


def two(value: float) -> str:
    """A correlation with two decimals and a real minus sign."""
    return f"{value:.2f}".replace("-", MINUS)


def _label(row: RankedProxy) -> str:
    name = wrapped(row.title, 20)
    return f"{f'<b>{name}</b>' if row.name == OURS else name}<br>median {two(row.median)}"


def _stripe(place: int) -> dict[str, object]:
    """A faint band behind every second row."""
    return {
        "type": "rect",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": place - 0.5,
        "y1": place + 0.5,
        "fillcolor": "rgba(134,139,148,0.10)",
        "line": {"width": 0},
        "layer": "below",
    }


def _alt(info: Sequence[RankedProxy]) -> str:
    parts = [f"{row.title} {two(row.median)}" for row in info]
    return (
        "Rank correlation of each proxy with the measured divergence within each bit-width; "
        f"medians: {'; '.join(parts) or 'none yet'}."
    )
