"""The channels of a weight or an input: range of each, the ones that stand out, and the scales."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median

import numpy as np
import plotly.graph_objects as go

from analysis.charts.frame import axis, framed, legend_below
from analysis.charts.palette import ACCENT, CATEGORIES, CLEAR
from analysis.profiles import LayerProfile
from analysis.trials import ChannelExtremes

OUTLIER = 3.0
"""A channel is marked when its span is so many times the median channel's.

With one scale for all channels, a threefold span costs the other channels 1.6 bits."""


@dataclass(frozen=True, slots=True)
class ChannelsInfo:
    """Range of each channel.

    Attributes:
        index: of the channel in the weight; channels are strided beyond 512.
        outlier: whether the channel's span is `OUTLIER` times the median span or more.
    """

    index: tuple[int, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    outlier: tuple[bool, ...]


def channels_info(profile: LayerProfile) -> ChannelsInfo:
    """Extremes of a weight's output channels, and which of them stand out."""
    return _info(profile.channel_min, profile.channel_max, profile.layer.channels)


def _info(low: tuple[float, ...], high: tuple[float, ...], total: int) -> ChannelsInfo:
    stride = ceil(total / len(low)) if low else 1
    spans = [last - first for first, last in zip(low, high, strict=True)]
    typical = median(spans) if spans else 0.0
    return ChannelsInfo(
        tuple(stride * place for place in range(len(low))),
        low,
        high,
        tuple(span > OUTLIER * typical for span in spans),
    )


def channel_ranges(profile: LayerProfile, scales: Sequence[float] = ()) -> go.Figure:
    """One bar a channel from its smallest to its largest weight, outliers marked.

    Args:
        profile: of the layer.
        scales: of a spec, one a channel (or one for all); drawn over the bars on an axis of
            their own.
    """
    return _figure(channels_info(profile), scales, profile.layer.channels, "output")


def input_channel_ranges(channels: ChannelExtremes, scale: float) -> go.Figure:
    """Likewise the channels of an input, which share one scale."""
    info = _info(channels.low, channels.high, channels.total)
    return _figure(info, (scale,), channels.total, "input")


def _figure(info: ChannelsInfo, scales: Sequence[float], total: int, side: str) -> go.Figure:
    named = {False: ("channel", CATEGORIES[5]), True: ("outlier channel", ACCENT)}
    traces: list[go.Bar | go.Scatter] = [
        _strip(info, picked, *named[picked]) for picked in (False, True) if picked in info.outlier
    ]
    if scales:
        traces.append(_scale_marks(total, scales))
    outliers = sum(info.outlier)
    legend, room = legend_below(traces)
    figure = framed(
        traces,
        height=210 + room,
        alt=f"Smallest and largest value of {len(info.index)} {side} channels; {outliers} have "
        f"a span over {OUTLIER:g} times the median.",
        bottom=room + 44,
    )
    return figure.update_layout(
        barmode="overlay",
        bargap=0.15,
        showlegend=True,
        legend=legend,
        xaxis=axis(f"{side} channel", zeroline=False, showgrid=False),
        yaxis=axis("smallest to largest value"),
        yaxis2=axis(
            "scale",
            overlaying="y",
            side="right",
            showgrid=False,
            rangemode="tozero",
            tickformat=".2~g",
        ),
    )


def _scale_marks(channels: int, scales: Sequence[float]) -> go.Scatter:
    """The scale of each channel; a single scale is a line across."""
    last = channels - 1
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
