"""The network as a graph: layers from left to right, edges where one reads what another made."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log10

import plotly.graph_objects as go

from analysis.charts.bits_legend import bits_legend, line_above
from analysis.charts.frame import axis, framed
from analysis.charts.logscale import LogScale
from analysis.charts.numerals import short
from analysis.charts.palette import CIVIDIS, EMPTY, FAINT, NEUTRAL, bits_colour, ink_on, ramp
from analysis.layers import Layer

Edge = tuple[str, str]

COLUMNS = 12
"""Layers in a line; the next ones follow below, as text does."""

_LANE = 34
_COLOURS = CIVIDIS[3:]
_DECADES = 2.0
"""Values that span more are coloured by their logarithm."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a layer is drawn.

    Attributes:
        rank: length of the longest way from the input.
        x, y: column, and lane from the top (negative, downwards).
    """

    rank: int
    x: float
    y: float


def layout(layers: Sequence[Layer], edges: Sequence[Edge]) -> dict[str, Place]:
    """A place for each layer: after all that it reads, wrapped after `COLUMNS`."""
    ranks = _ranks(layers, edges)
    lanes: Counter[int] = Counter()
    own: dict[str, int] = {}
    for layer in layers:
        own[layer.name] = lanes[ranks[layer.name]]
        lanes[ranks[layer.name]] += 1
    most: dict[int, int] = defaultdict(int)
    for rank, count in lanes.items():
        most[rank // COLUMNS] = max(most[rank // COLUMNS], count)
    tops, below = {}, 0.0
    for line in range(max(most, default=0) + 1):
        tops[line] = below
        below += most[line] + 0.8
    return {
        name: Place(
            rank,
            rank % COLUMNS,
            -(tops[rank // COLUMNS] + own[name] + (most[rank // COLUMNS] - lanes[rank]) / 2),
        )
        for name, rank in ranks.items()
    }


def _ranks(layers: Sequence[Layer], edges: Sequence[Edge]) -> dict[str, int]:
    """Longest ways; edges back to an earlier layer (a loop) do not count."""
    order = {layer.name: place for place, layer in enumerate(layers)}
    before: dict[str, list[str]] = defaultdict(list)
    joined = set()
    for maker, reader in edges:
        joined |= {maker, reader}
        if order[maker] < order[reader]:
            before[reader].append(maker)
    ranks: dict[str, int] = {}
    last = 0
    for layer in layers:
        ways = [ranks[name] + 1 for name in before[layer.name]]
        # a layer that nothing was seen to feed stands beside the one before it
        ranks[layer.name] = last = max(ways) if ways else (0 if layer.name in joined else last)
    return ranks


def network_graph(
    layers: Sequence[Layer],
    edges: Sequence[Edge],
    values: Mapping[str, float],
    *,
    title: str,
    bits: bool = False,
) -> go.Figure:
    """The layers as squares coloured by a number; a click selects `[layer]`.

    Args:
        layers: in call order.
        edges: pairs of names, the maker first.
        values: layer name to number; a layer without one is left empty.
        title: what the number is, with its unit.
        bits: whether the numbers are bit-widths, which have colours of their own.
    """
    places = layout(layers, edges)
    colours = _colours(layers, values, bits=bits)
    near = [edge for edge in edges if _line(places[edge[0]]) == _line(places[edge[1]])]
    far = [edge for edge in edges if _line(places[edge[0]]) != _line(places[edge[1]])]
    nodes = _nodes(layers, places, values, colours, title)
    if bits:  # colour never stands alone
        known = {name: str(int(value)) for name, value in values.items()}
        nodes.update(
            mode="markers+text",
            text=[known.get(layer.name, "") for layer in layers],
            textfont={"size": 11, "color": [_ink(colours[layer.name]) for layer in layers]},
        )
    depth = -min((place.y for place in places.values()), default=0.0)
    figure = framed(
        [_lines(places, far, dash="dot"), _lines(places, near, dash="solid"), nodes],
        height=round(_LANE * (depth + 1)) + 72,
        alt=_alt(layers, edges, values, title),
        top=36,
    )
    columns = min(COLUMNS, 1 + max((place.rank for place in places.values()), default=0))
    key = bits_legend(int(v) for v in values.values()) if bits else _key(values, title)
    return figure.update_layout(
        annotations=[key],
        xaxis=axis(visible=False, fixedrange=True, range=[-0.6, columns - 0.4]),
        yaxis=axis(visible=False, fixedrange=True, range=[-depth - 0.7, 0.7]),
    )


def _ink(fill: str) -> str:
    """What reads on a square; empty ones have no number."""
    return NEUTRAL if fill == EMPTY else ink_on(fill)


def _line(place: Place) -> int:
    return place.rank // COLUMNS


def _lines(places: Mapping[str, Place], edges: Sequence[Edge], *, dash: str) -> go.Scatter:
    """All edges as one trace; those over several layers are bent, so that they show."""
    x: list[float | None] = []
    y: list[float | None] = []
    for maker, reader in edges:
        a, b = places[maker], places[reader]
        bend = 0.42 if abs(b.rank - a.rank) > 1 and _line(a) == _line(b) else 0.0
        x += [a.x, (a.x + b.x) / 2, b.x, None]
        y += [a.y, (a.y + b.y) / 2 + bend, b.y, None]
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": FAINT, "width": 1.5, "dash": dash, "shape": "spline"},
        hoverinfo="skip",
    )


def _nodes(
    layers: Sequence[Layer],
    places: Mapping[str, Place],
    values: Mapping[str, float],
    colours: Mapping[str, str],
    title: str,
) -> go.Scatter:
    return go.Scatter(
        x=[places[layer.name].x for layer in layers],
        y=[places[layer.name].y for layer in layers],
        mode="markers",
        marker={
            "symbol": "square",
            "size": 19,
            "color": [colours[layer.name] for layer in layers],
            "line": {"width": 1, "color": FAINT},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 1}},
        customdata=[[layer.name] for layer in layers],
        hovertext=[_hover(layer, values.get(layer.name)) for layer in layers],
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{title}: %{{hovertext}}<extra></extra>",
    )


def _hover(layer: Layer, value: float | None) -> str:
    known = value is not None and isfinite(value)
    number = "–" if value is None or not known else _number(value)
    return f"{number}<br>{layer.kind} {'×'.join(map(str, layer.weight_shape))}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else short(value, 3)


def _known(values: Mapping[str, float]) -> list[float]:
    return [value for value in values.values() if isfinite(value)]


def _scaled(values: Mapping[str, float]) -> LogScale | None:
    """A logarithmic scale where the values span decades."""
    positive = [value for value in _known(values) if value > 0]
    if not positive or max(positive) < min(positive) * 10**_DECADES:
        return None
    zero = any(value <= 0 for value in _known(values))
    low, high = log10(min(positive)), log10(max(positive))
    return LogScale(low, high, low - 0.5 if zero else None)


def _colours(layers: Sequence[Layer], values: Mapping[str, float], *, bits: bool) -> dict[str, str]:
    known, scale = _known(values), _scaled(values)
    low, high = min(known, default=0.0), max(known, default=0.0)

    def colour(value: float | None) -> str:
        if value is None or not isfinite(value):
            return EMPTY
        if bits:
            return bits_colour(int(value))
        linear = (value - low) / (high - low) if high > low else 0.5
        return ramp(_COLOURS, linear if scale is None else scale.share(value))

    return {layer.name: colour(values.get(layer.name)) for layer in layers}


def _key(values: Mapping[str, float], title: str) -> dict[str, object]:
    """What the lightest and the darkest squares mean, in one line above the graph."""
    known = _known(values)
    ends = (_COLOURS[0], min(known, default=0.0)), (_COLOURS[-1], max(known, default=0.0))
    squares = " … ".join(f'<span style="color:{c}">■</span> {_number(v)}' for c, v in ends)
    return line_above(f"{title}: {squares}" if known else title)


def _alt(
    layers: Sequence[Layer], edges: Sequence[Edge], values: Mapping[str, float], title: str
) -> str:
    known = {name: value for name, value in values.items() if isfinite(value)}
    start = f"Graph of {len(layers)} layers and {len(edges)} edges, coloured by {title}"
    if not known:
        return f"{start}; no value is known yet."
    top = max(known, key=lambda name: known[name])
    return f"{start}; largest is {top} with {_number(known[top])}."
