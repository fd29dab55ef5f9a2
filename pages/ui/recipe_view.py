"""A recipe in figures and pictures: what it costs, what it should do, where the bytes go."""

from typing import Any

import streamlit as st

from analysis.allocation.budget import Choice
from analysis.allocation.frontier import FrontierPoint
from analysis.allocation.marginal import next_step
from analysis.charts.frontier import MeasuredMark, frontier_figure
from analysis.charts.numerals import range_text
from analysis.charts.recipe import bits_strip, recipe_treemap, waterfall
from analysis.cost import FLOAT_BITS
from analysis.hardware.masks import masked_options
from analysis.recipe import Recipe
from analysis.runs.records import ScoreRecord
from analysis.sensitivity.points import Cell, Sensitivities
from pages.ui import reads
from pages.ui.calibrated import Expected, calibrated_line, expected
from pages.ui.cards import card, half_text
from pages.ui.controls import plot
from pages.ui.desk import Desk, solve_at
from pages.ui.hardware import current_profile
from pages.ui.text import (
    bytes_text,
    count_text,
    drop_text,
    metric_text,
    metric_title,
    number_text,
    percent,
    plain,
    samples_text,
    signed_percent,
)

_CLICKS = "recipe_frontier_clicks"
MARKS = 4
"""So many measured recipes are drawn into the frontier."""


def figures(desk: Desk, result: Sensitivities, choice: Choice) -> None:
    """What the recipe costs and what is predicted of it; every prediction is called one."""
    limit, cost = desk.draft.now.weight_bytes, choice.cost
    predicted = expected(desk.run, result, choice.recipe, choice.predicted)
    over = cost.weight_bytes > limit
    swept = bool(result.of("activation"))
    with st.grid(4 + swept, min_column_width=150, gap="small"):
        card(
            "Size",
            bytes_text(cost.weight_bytes),
            signed_percent(cost.weight_bytes / cost.float_bytes - 1),
            f"{bytes_text(cost.weight_bytes - limit)} over"
            if over
            else f"of {bytes_text(cost.float_bytes)}",
            tone="bad" if over else "good",
            help="Stored weights of all layers, scales and zero-points included, against float32; "
            "over the limit when edited or locked layers take more than it allows. "
            f"Another {bytes_text(cost.other_bytes)} (biases, norms) stay in float.",
        )
        card(
            "Effective bits",
            f"{cost.effective_bits:.2f}",
            "a weight, of 32",
            help="Stored bits for each weight, scales and zero-points included.",
        )
        card(
            "Divergence",
            number_text(predicted.value),
            range_text(predicted.low, predicted.high) if predicted.recipes else "predicted",
            "" if predicted.recipes else half_text(predicted.low, predicted.high),
            help=_divergence_help(predicted),
        )
        _predicted_drop(result, predicted)
        if swept:
            whole = cost.macs * FLOAT_BITS * FLOAT_BITS
            card(
                "BOPs",
                count_text(cost.bops),
                percent(cost.bops / whole),
                "of float",
                help="MACs × weight bits × activation bits for one sample.",
            )
    samples = samples_text(choice.predicted.samples, "sweep")
    if predicted.recipes:
        st.caption(
            f"Divergence: {predicted.words}, with its 90 % interval, on {samples}; no measurement "
            "of this recipe. Apply and score it to know."
        )
    else:
        st.caption(
            f"Predicted from {samples}, one tensor at a time; not measured. ± is half a 95 % "
            "interval. Apply and score it to know."
        )


def _divergence_help(predicted: Expected) -> str:
    interval = range_text(predicted.low, predicted.high)
    if predicted.recipes:
        return f"{predicted.words.capitalize()}; 90 % interval {interval}."
    return (
        f"{predicted.words.capitalize()}; 95 % interval {interval}. It leaves interactions out, "
        "and the interval does not cover them."
    )


def _predicted_drop(result: Sensitivities, predicted: Expected) -> None:
    name = result.setup.metric
    if predicted.drop is None or name is None:
        return
    card(
        metric_title(name),
        drop_text(name, predicted.drop),
        "predicted",
        f"from {metric_text(name, result.setup.reference[name])}",
        help="From the predicted divergence, by what the cells of the sweep lost at theirs; the "
        "float figure is that of the sweep samples.",
    )


def marginal_sentence(result: Sensitivities, recipe: Recipe) -> str:
    """What the next bytes buy, and where to spend them."""
    step = next_step(result, recipe)
    if step is None:
        return "Every layer has its widest measured option: more bytes buy nothing here."
    profile = current_profile()
    cell = Cell(step.layer, step.target, step.after.label)
    if profile is not None and not masked_options(profile, result.layers, (cell,)):
        return "What single layers suggest for the next bytes does not run on this hardware."
    before, after = step.before.bits, step.after.bits
    return (
        f"The next **{bytes_text(step.extra_bytes)}** should buy **{number_text(step.gain)}** less "
        f"divergence: spend them on **{plain(step.layer)}** ({step.target} {before} → {after}). "
        "*Predicted.*"
    )


def frontier_chart(
    desk: Desk,
    result: Sensitivities,
    points: tuple[FrontierPoint, ...],
    choice: Choice,
    scored: tuple[ScoreRecord, ...],
) -> None:
    """Size against loss; a click on a point takes its size as the limit."""
    known = expected(desk.run, result, choice.recipe, choice.predicted)
    line = calibrated_line(desk.run, result, points)
    star = (choice.cost.weight_bytes, known.value)
    near = sorted(scored, key=lambda record: abs(record.score.cost.weight_bytes - star[0]))
    marks = tuple(measured_mark(record) for record in near[:MARKS])
    figure = reads.drawn(
        ("recipe frontier", *reads.version(desk.run), len(points), star, marks, line),
        lambda: frontier_figure(points, chosen=star, measured=marks, calibrated=line),
    )

    # Each click makes a new chart, so that its selection never counts a second time.
    clicks = st.session_state.get(_CLICKS, 0)

    def clicked(index: Any) -> None:
        place = int(index[0] if isinstance(index, list) else index)
        if 0 <= place < len(points):
            solve_at(points[place].weight_bytes)
        st.session_state[_CLICKS] = clicks + 1
        st.rerun()

    plot(figure, key=f"recipe_frontier_{clicks}", on_select=clicked)
    st.caption(
        "The line is predicted; the marks are the recipes nearest in size that were measured on "
        "held-out samples. Click a point to take its size as the limit."
    )


def measured_mark(record: ScoreRecord) -> MeasuredMark:
    """A score as a mark of the frontier figure."""
    score = record.score
    return MeasuredMark(
        name=score.recipe.name,
        weight_bytes=score.cost.weight_bytes,
        divergence=score.divergence,
        low=score.low,
        high=score.high,
        samples=score.samples,
    )


def pictures(run: str, result: Sensitivities, recipe: Recipe) -> None:
    """Who causes the loss, where the bytes are, and the widths in a row; one at a time."""
    key = (*reads.version(run), tuple(sorted(recipe.layers.items(), key=lambda pair: pair[0])))
    titles = ["Who causes the loss", "Where the bytes are", "Bits in a row"]
    loss, stored, widths = st.tabs(titles, on_change="rerun", key="recipe_pictures")
    with loss:
        if loss.open:
            figure = reads.drawn(("waterfall", *key), lambda: waterfall(result, recipe))
            plot(figure, key="recipe_waterfall")
            samples = samples_text(result.setup.samples, "sweep")
            st.caption(f"Predicted: single-layer divergences on {samples}.")
    with stored:
        if stored.open:
            figure = reads.drawn(("treemap", *key), lambda: recipe_treemap(result.layers, recipe))
            plot(figure, key="recipe_treemap")
    with widths:
        if widths.open:
            figure = reads.drawn(("strip", *key), lambda: bits_strip(result.layers, recipe))
            plot(figure, key="recipe_strip")
