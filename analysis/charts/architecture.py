"""The network as bars: layers in call order, length and colour for any number."""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np
import plotly.graph_objects as go

from analysis.charts.frame import axis, framed
from analysis.charts.numerals import short
from analysis.charts.palette import CIVIDIS, scale
from analysis.charts.rows import LABELLED, row_axis
from analysis.layers import Layer

_COLOURS = CIVIDIS[3:]
"""Without the dark end: a short dark bar vanishes on a dark page."""


def architecture_bars(
    layers: Sequence[Layer], values: Mapping[str, float], *, title: str
) -> go.Figure:
    """One bar a layer, from the input at the top; a click selects `[layer]`.

    Args:
        layers: in call order.
        values: layer name to number; a layer without one has no bar.
        title: what the number is, with its unit.
    """
    known = [layer for layer in layers if isfinite(values.get(layer.name, float("nan")))]
    index = {layer.name: row for row, layer in enumerate(layers)}
    numbers = np.array([values[layer.name] for layer in known], dtype=np.float64)
    rows = row_axis([layer.name for layer in layers])
    bars = go.Bar(
        orientation="h",
        x=numbers,
        y=[index[layer.name] for layer in known],
        customdata=[[layer.name] for layer in known],
        hovertext=[_hover(layer, values[layer.name]) for layer in known],
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{title}: %{{hovertext}}<extra></extra>",
        marker={"color": numbers, "colorscale": scale(_COLOURS), "line": {"width": 0}},
        unselected={"marker": {"opacity": 1}},
    )
    figure = framed(
        [bars], height=rows.height + 60, alt=_alt(known, values, title, len(layers)), top=52
    )
    return figure.update_layout(
        bargap=0.2 if len(layers) <= LABELLED else 0,
        xaxis=axis(title, side="top", rangemode="tozero", fixedrange=True),
        yaxis=axis(
            ticks="",
            tickvals=[row for row, _ in rows.labels],
            ticktext=[text for _, text in rows.labels],
            range=[rows.count - 0.5, -0.5],
            showgrid=False,
            zeroline=False,
            fixedrange=True,
        ),
    )


def _hover(layer: Layer, value: float) -> str:
    number = f"{value:,.0f}" if value == round(value) else short(value, 3)
    return f"{number}<br>{layer.kind} {'×'.join(map(str, layer.weight_shape))}"


def _alt(known: Sequence[Layer], values: Mapping[str, float], title: str, count: int) -> str:
    if not known:
        return f"Bars of {title} for {count} layers; no value is known yet."
    top = max(known, key=lambda layer: values[layer.name])
    return (
        f"Bars of {title} for {count} layers in call order; largest is {top.name} "
        f"with {short(values[top.name], 3)}."
    )
