"""The output channels of a weight: range of each, the ones that stand out, and their scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

import numpy as np
import plotly.graph_objects as go

from analysis.charts.frame import axis, framed, legend_below
from analysis.charts.palette import ACCENT, CATEGORIES, CLEAR
from analysis.profiles import LayerProfile

OUTLIER = 3.0
"""A channel is marked when its span is so many times the median channel's.

With one scale for all channels, a threefold span costs the other channels 1.6 bits."""


@dataclass(frozen=True, slots=True)
class ChannelsInfo:
    """Range of each output channel.

    Attributes:
        index: of the channel in the weight; channels are strided beyond 512.
        outlier: whether the channel's span is `OUTLIER` times the median span or more.
    """

    index: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    outlier: tuple[bool, ...]


def channels_info(profile: LayerProfile) -> ChannelsInfo:
    """Extremes of the channels, and which of them stand out."""
    count = len(profile.channel_min)
    stride = ceil(profile.layer.channels / count) if count else 1
    pairs = list(zip(profile.channel_min, profile.channel_max, strict=True))
    spans = [high - low for low, high in pairs]
    typical = median(spans) if spans else 0.0
    return ChannelsInfo(
        tuple(stride * place for place in range(count)),
        profile.channel_min,
        profile.channel_max,
        tuple(span > OUTLIER * typical for span in spans),
    )


def channel_ranges(profile: LayerProfile, scales: Sequence[float] = ()) -> go.Figure:
    """One bar a channel from its smallest to its largest weight, outliers marked.

    Args:
        profile: of the layer.
        scales: of a spec, one a channel (or one for all); drawn over the bars on an axis of
            their own.
    """
    info = channels_info(profile)
    named = {False: ("channel", CATEGORIES[5]), True: ("outlier channel", ACCENT)}
    traces: list[go.Bar | go.Scatter] = [
        _strip(info, picked, *named[picked]) for picked in (False, True) if picked in info.outlier
    ]
    if scales:
        traces.append(_scale_marks(profile, scales))
    outliers = sum(info.outlier)
    legend, room = legend_below(traces)
    figure = framed(
        traces,
        height=210 + room,
        alt=f"Smallest and largest weight of {len(info.index)} output channels; {outliers} have "
        f"a span over {OUTLIER:g} times the median.",
        bottom=room + 44,
    )
    return figure.update_layout(
        barmode="overlay",
        bargap=0.15,
        showlegend=True,
        legend=legend,
        xaxis=axis("output channel", zeroline=False, showgrid=False),
        yaxis=axis("weight, smallest to largest"),
        yaxis2=axis(
            "scale",
            overlaying="y",
            side="right",
            showgrid=False,
            rangemode="tozero",
            tickformat=".2~g",
        ),
    )


def _scale_marks(profile: LayerProfile, scales: Sequence[float]) -> go.Scatter:
    """The scale of each channel; a single scale is a line across."""
    last = profile.layer.channels - 1
    places = [0, last] if len(scales) == 1 else np.linspace(0, last, len(scales)).round()
    return go.Scatter(
        x=np.array(places, dtype=np.int32),
        y=np.array([*scales, *scales] if len(scales) == 1 else scales, dtype=np.float32),
        yaxis="y2",
        mode="lines" if len(scales) == 1 else "markers",
        marker={"color": CATEGORIES[2], "size": 5, "symbol": "diamond"},
        line={"color": CATEGORIES[2], "width": 2},
        name="scale: one step of the codes",
        hovertemplate="scale %{y:.3~g}<extra></extra>",
    )


def _strip(info: ChannelsInfo, picked: bool, name: str, colour: str) -> go.Bar:
    places = [place for place, outlier in enumerate(info.outlier) if outlier is picked]
    low = np.array([info.low[place] for place in places], dtype=np.float32)
    high = np.array([info.high[place] for place in places], dtype=np.float32)
    return go.Bar(
        x=np.array([info.index[place] for place in places], dtype=np.int32),
        base=low,
        y=high - low,
        customdata=high,
        marker={"color": colour, "line": {"color": CLEAR, "width": 0}},
        name=f"{len(places)} {name}{'' if len(places) == 1 else 's'}",
        hovertemplate=f"{name} %{{x}}<br>%{{base:.3~g}} to %{{customdata:.3~g}}<extra></extra>",
    )
