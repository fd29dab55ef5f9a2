"""A score: the verdict, the figures beside float and baseline, damage by class, predictions."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis.allocation.on_hardware import runs_on
from analysis.allocation.verdict import verdict
from analysis.charts.numerals import range_text
from analysis.charts.score import class_damage, predicted_vs_measured
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import Recipe
from analysis.runs.records import ScoreRecord
from analysis.scores import Score
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads
from pages.ui.cards import card, half_text
from pages.ui.controls import plot
from pages.ui.score_desk import ScoreDesk, prediction_of
from pages.ui.text import (
    bytes_text,
    drop_text,
    interval_text,
    metric_text,
    metric_title,
    number_text,
    percent,
    plain,
    samples_text,
    signed_percent,
    spread_text,
)

_ICONS = {
    "mixing pays": ":material/trending_up:",
    "tie": ":material/balance:",
    "use uniform": ":material/horizontal_rule:",
}


def verdict_line(score: Score, baseline: ScoreRecord | None) -> None:
    """Whether mixing was worth it, from measured figures."""
    if baseline is None:
        st.info(
            "No uniform recipe at these bytes was scored beside this one, so nothing can be said "
            "about whether mixing pays.",
            icon=":material/info:",
        )
        return
    if baseline.score.recipe.layers == score.recipe.layers:
        st.info("This is the uniform recipe itself.", icon=":material/info:")
        return
    found = verdict(score, baseline.score)
    show = st.success if found.kind == "mixing pays" else st.info
    show(plain(found.sentence), icon=_ICONS[found.kind])


def on_hardware_line(
    profile: HardwareProfile, result: Sensitivities | None, recipe: Recipe
) -> None:
    """For which hardware recipes are compared, and whether it runs this one."""
    title = plain(profile.title)
    if result is not None and not runs_on(profile, result, recipe):
        st.warning(
            f"{title} cannot run this recipe as it is, so what is measured here cannot be had "
            "there; fit the recipe to it first.",
            icon=":material/memory:",
        )
        return
    st.caption(
        f"Compared on **{title}**, as chosen on the Recipe page: what it cannot run is named and "
        "not compared."
    )


def figures(score: Score) -> None:
    """The recipe's own figures, each with what it was measured on."""
    cost = score.cost
    shown = 3 + (score.metric is not None) + (score.agreement is not None)
    with st.grid(shown, min_column_width=150, gap="small"):
        _quality(score)
        card(
            "Divergence",
            number_text(score.divergence),
            half_text(score.low, score.high),
            help="Mean divergence of the quantised from the float output; 95 % interval "
            f"{range_text(score.low, score.high)}.",
        )
        card(
            "Size",
            bytes_text(cost.weight_bytes),
            signed_percent(cost.weight_bytes / cost.float_bytes - 1),
            f"of {bytes_text(cost.float_bytes)}",
            tone="good",
            help="Stored weights of all layers, scales and zero-points included, against float32. "
            f"Another {bytes_text(cost.other_bytes)} (biases, norms) stay in float.",
        )
        card(
            "Effective bits",
            f"{cost.effective_bits:.2f}",
            "a weight, of 32",
            help="Stored bits for each weight, scales and zero-points included.",
        )
        if score.agreement is not None:
            card(
                "Same answer",
                percent(score.agreement),
                f"{len(score.changed):,} changed",
                f"of {score.samples:,}",
                help="Share of samples whose largest output is the same one as in float.",
            )
    st.caption(
        f"Measured on {samples_text(score.samples, 'held-out evaluation')}, the float model on the "
        "same ones; ± is half a 95 % interval (bootstrap over samples)."
    )


def _quality(score: Score) -> None:
    name = score.metric
    if name is None:
        return
    drop = score.drop[name]
    uncertain = drop.low <= 0 <= drop.high
    card(
        metric_title(name),
        metric_text(name, score.actual[name].value),
        drop_text(name, drop.value),
        spread_text(drop.low, drop.high, name),
        tone="plain" if uncertain else "bad" if drop.value > 0 else "good",
        help=f"Against {metric_text(name, score.reference[name])} in float, on the same samples; "
        f"{interval_text(drop.low, drop.high, name)}. Grey when the interval holds 0.",
    )


_SAME = "Same answer as float"


def beside_baseline(score: Score, baseline: ScoreRecord | None) -> None:
    """Float, this recipe and the uniform one at the same bytes, row by row."""
    columns: dict[str, Mapping[str, str]] = {
        "Float": _float_column(score),
        f"This recipe: {plain(score.recipe.name)}": _column(score),
    }
    if baseline is not None and baseline.score.recipe.layers != score.recipe.layers:
        columns[f"Baseline: {plain(baseline.score.recipe.name)}"] = _column(baseline.score)
    st.table(pd.DataFrame(columns), border="horizontal", alt="Float, this recipe and the baseline")


def _float_column(score: Score) -> dict[str, str]:
    column = {"Size": bytes_text(score.cost.float_bytes), "Effective bits": "32.00"}
    if score.metric is not None:
        column[metric_title(score.metric)] = metric_text(
            score.metric, score.reference[score.metric]
        )
        column["Change"] = "–"
    column["Divergence"] = "0"
    return column if score.agreement is None else {**column, _SAME: percent(1.0)}


def _column(score: Score) -> dict[str, str]:
    column = {
        "Size": bytes_text(score.cost.weight_bytes),
        "Effective bits": f"{score.cost.effective_bits:.2f}",
    }
    name = score.metric
    if name is not None:
        drop = score.drop[name]
        column[metric_title(name)] = metric_text(name, score.actual[name].value)
        interval = interval_text(drop.low, drop.high, name).split("interval ")[1]
        column["Change"] = f"{drop_text(name, drop.value)} ({interval})"
    column["Divergence"] = f"{number_text(score.divergence)} ({range_text(score.low, score.high)})"
    known = score.agreement
    return column if known is None else {**column, _SAME: percent(known)}


def damage(record: ScoreRecord) -> None:
    """What each class lost; nothing where the metric has no classes."""
    score = record.score
    if not score.classes:
        lacking = (
            "These data have no labels" if score.metric is None else "This metric has no classes"
        )
        st.caption(f"{lacking}, so there is no damage by class.")
        return
    figure = reads.drawn(
        ("class damage", record.recipe_id, record.created), lambda: class_damage(score.classes)
    )
    plot(figure, key="class_damage")
    least = min(row.samples for row in score.classes)
    st.caption(
        f"Share right of each class, in float and quantised, worst first; at least "
        f"{samples_text(least, 'evaluation')} a class."
    )


def predictions(desk: ScoreDesk, shown: list[ScoreRecord]) -> None:
    """Predicted against measured divergence of the recipes that are compared."""
    rows = []
    for record in shown:
        score, predicted = record.score, prediction_of(desk.result, record.score.recipe)
        if predicted is not None:
            row = (predicted.divergence, predicted.low, predicted.high)
            rows.append((score.recipe.name, *row, score.divergence, score.low, score.high))
    if not rows or desk.result is None:
        st.caption("No prediction: the sweep of this recipe is gone, or measured other specs.")
        return
    figure = reads.drawn(
        ("predicted against measured", desk.run, tuple(rows)), lambda: predicted_vs_measured(rows)
    )
    plot(figure, key="predicted_vs_measured")
    sweep, held = desk.result.setup.samples, shown[0].score.samples
    st.caption(
        f"Predicted for {samples_text(sweep, 'sweep')} by adding single-layer figures; measured on "
        f"{samples_text(held, 'other, held-out')}. Above the line the sum was too low."
    )
