"""The bits along the network: a thin row of coloured cells for weights, one for activations."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

import plotly.graph_objects as go

from analysis.charts.bits_legend import bits_legend
from analysis.charts.frame import framed
from analysis.charts.numerals import bits_text
from analysis.charts.palette import bits_colour, ink_on
from analysis.layers import Layer
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Target

ROOM = 40
"""A number fits a stretch of at least one `ROOM`th of the row, on a phone too."""

ROW = 30
TITLES: dict[Target, str] = {"weight": "W", "activation": "A"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring layers of one width; `last` is included."""

    first: int
    last: int
    bits: int | None

    @property
    def length(self) -> int:
        """Layers in it."""
        return self.last - self.first + 1


def stretches(widths: Sequence[int | None]) -> tuple[Stretch, ...]:
    """The row cut where the width changes."""
    found = []
    for width, places in groupby(range(len(widths)), key=lambda place: widths[place]):
        inside = list(places)
        found.append(Stretch(inside[0], inside[-1], width))
    return tuple(found)


def strip_rows(layers: Sequence[Layer], recipe: Recipe) -> dict[Target, tuple[int | None, ...]]:
    """Width of each layer's weight, and of its input when any input is quantised."""
    configs = [recipe.layers.get(layer.name, LayerConfig()) for layer in layers]
    weights = tuple(config.weight.bits if config.weight else None for config in configs)
    inputs = tuple(config.activation.bits if config.activation else None for config in configs)
    rows: dict[Target, tuple[int | None, ...]] = {"weight": weights}
    return rows | ({"activation": inputs} if any(inputs) else {})


def bits_strip(layers: Sequence[Layer], recipe: Recipe) -> go.Figure:
    """One row of weights and, if any input is quantised, one of activations.

    Up to `ROOM` layers each cell has its number; beyond, a stretch of one width has it once,
    where it is wide enough.
    """
    rows = strip_rows(layers, recipe)
    names = [layer.name for layer in layers]
    traces: list[go.Bar | go.Scatter] = []
    for place, (target, widths) in enumerate(rows.items()):
        traces += [_cells(names, widths, place, target), _numbers(widths, place)]
    figure = framed(traces, height=ROW * len(rows) + 56, alt=_alt(rows), top=28)
    figure.update_layout(
        barmode="overlay",
        bargap=0.08,
        xaxis={"visible": False, "range": [-0.5, len(layers) - 0.5], "fixedrange": True},
        yaxis={
            "automargin": True,
            "tickvals": list(range(len(rows))),
            "ticktext": [TITLES[target] for target in rows],
            "range": [len(rows) - 0.5, -0.5],
            "ticks": "",
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
        },
        xaxis_title=None,
    )
    return figure.add_annotation(**bits_legend(bits for row in rows.values() for bits in row))


def _cells(names: Sequence[str], widths: Sequence[int | None], row: int, target: Target) -> go.Bar:
    """One cell a layer: a bar that stands on the row's lower edge."""
    gap = 0.04 if len(names) <= ROOM else 0.0
    return go.Bar(
        x=list(range(len(names))),
        y=[0.88] * len(names),
        base=[row - 0.44] * len(names),
        width=1 - gap,
        marker={"color": [bits_colour(width) for width in widths], "line": {"width": 0}},
        customdata=[[name, width] for name, width in zip(names, widths, strict=True)],
        hovertext=[bits_text(width) for width in widths],
        hovertemplate=f"<b>%{{customdata[0]}}</b><br>{target}: %{{hovertext}}<extra></extra>",
        unselected={"marker": {"opacity": 1}},
    )


def _numbers(widths: Sequence[int | None], row: int) -> go.Scatter:
    if len(widths) <= ROOM:
        shown = tuple(Stretch(place, place, width) for place, width in enumerate(widths))
    else:
        least = ceil(len(widths) / ROOM)
        shown = tuple(run for run in stretches(widths) if run.length >= least)
    inks = [ink_on(bits_colour(run.bits)) for run in shown]
    return go.Scatter(
        x=[(run.first + run.last) / 2 for run in shown],
        y=[row] * len(shown),
        text=["–" if run.bits is None else str(run.bits) for run in shown],
        mode="text",
        textfont={"size": 11, "color": inks},
        hoverinfo="skip",
    )


def _alt(rows: dict[Target, tuple[int | None, ...]]) -> str:
    parts = []
    for target, widths in rows.items():
        counts = {width: widths.count(width) for width in widths}
        ordered = sorted(counts.items(), key=lambda item: item[0] if item[0] is not None else 99)
        words = ", ".join(f"{count} at {bits_text(width)}" for width, count in ordered)
        parts.append(f"{target}s of {len(widths)} layers: {words or 'none'}")
    return f"Bits along the network; {'; '.join(parts)}."
