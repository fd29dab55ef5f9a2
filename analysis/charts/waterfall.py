"""Who causes the loss: from float to the predicted divergence, worst layers first."""

from dataclasses import dataclass
from html import escape

import plotly.graph_objects as go

from analysis.allocation.predict import predict, share_of_loss
from analysis.charts.frame import axis, framed
from analysis.charts.numerals import DIVERGENCES, short
from analysis.charts.palette import ACCENT, CATEGORIES, NEUTRAL
from analysis.charts.rows import shortened
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities

SHOWN = 8
"""So many layers have a bar of their own."""


@dataclass(frozen=True, slots=True)
class WaterfallInfo:
    """Steps from float to the predicted divergence, largest first; the last sums up the rest.

    Attributes:
        steps: label and contribution.
        total: predicted divergence of the recipe.
    """

    steps: tuple[tuple[str, float], ...]
    total: float


def waterfall_info(result: Sensitivities, recipe: Recipe) -> WaterfallInfo:
    """Contributions of the worst layers, and of all others together. Errors as `predict`."""
    total = predict(result, recipe).divergence
    rows = [(name, share * total) for name, share in share_of_loss(result, recipe) if share > 0]
    steps = [(_step_name(name, recipe), value) for name, value in rows[:SHOWN]]
    rest = rows[SHOWN:]
    if rest:
        noun = "layer" if len(rest) == 1 else "layers"
        steps.append((f"{len(rest)} other {noun}", sum(value for _, value in rest)))
    return WaterfallInfo(tuple(steps), total)


def _step_name(name: str, recipe: Recipe) -> str:
    config = recipe.layers[name]
    sides: list[tuple[str, int | None]] = [
        ("W", config.weight.bits if config.weight else None),
        ("A", config.activation.bits if config.activation else None),
    ]
    widths = " ".join(f"{side}{bits}" for side, bits in sides if bits is not None)
    return f"{escape(shortened(name, 20))} {widths}"


def waterfall(result: Sensitivities, recipe: Recipe) -> go.Figure:
    """Float at 0, each of the worst layers' part, the rest, and the predicted total.

    Raises:
        OptionError: the recipe uses a spec that was not swept.
        RecipeMismatchError: the recipe belongs to another model.
    """
    info = waterfall_info(result, recipe)
    names = ["float", *(name for name, _ in info.steps), "predicted"]
    values = [0.0, *(value for _, value in info.steps), info.total]
    places = list(range(len(names)))
    bars = go.Waterfall(
        orientation="h",
        y=places,
        x=values,
        measure=["absolute", *(["relative"] * len(info.steps)), "total"],
        text=[short(value) for value in values],
        textposition="outside",
        cliponaxis=False,
        customdata=names,
        increasing={"marker": {"color": ACCENT}},
        decreasing={"marker": {"color": CATEGORIES[2]}},
        totals={"marker": {"color": CATEGORIES[0]}},
        connector={"line": {"color": NEUTRAL, "width": 1}},
        hovertemplate="<b>%{customdata}</b>: %{text}<extra></extra>",
    )
    return framed(
        [bars],
        height=30 * len(names) + 60,
        alt=_waterfall_alt(info),
        bottom=48,
        xaxis=axis(
            f"predicted {DIVERGENCES[result.setup.divergence]}",
            range=[0, 1.18 * info.total or 1.0],
            zeroline=False,
        ),
        yaxis=axis(
            ticks="",
            tickvals=places,
            ticktext=names,
            range=[len(names) - 0.5, -0.5],
            showgrid=False,
            zeroline=False,
        ),
    )


def _waterfall_alt(info: WaterfallInfo) -> str:
    parts = ", ".join(f"{name} adds {short(value)}" for name, value in info.steps[:3])
    return (
        f"Waterfall from float to a predicted divergence of {short(info.total)}"
        f"{f'; {parts}' if parts else '; no layer adds anything'}."
    )
