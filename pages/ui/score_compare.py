"""Any scored recipes of one model side by side, as a picture and as a table."""

from functools import partial

import pandas as pd
import streamlit as st

from analysis.charts.numerals import SHARES, metric_scale
from analysis.charts.score import comparison
from analysis.runs.records import ScoreRecord
from analysis.scores import Score
from pages.ui import reads
from pages.ui.checks import one_of
from pages.ui.controls import plot
from pages.ui.score_desk import ScoreDesk
from pages.ui.score_view import predictions
from pages.ui.text import metric_title, samples_text

SHOWN_AT_FIRST = 4


def newest_scores(scored: tuple[ScoreRecord, ...]) -> dict[str, ScoreRecord]:
    """The newest score of each recipe, by its id."""
    found: dict[str, ScoreRecord] = {}
    for record in scored:
        found.setdefault(record.recipe_id, record)
    return found


def compare(desk: ScoreDesk, scored: tuple[ScoreRecord, ...]) -> None:
    """A choice of recipes, their figures with intervals, and all numbers in a table."""
    records = newest_scores(scored)
    shown = _chosen(desk, records)
    if not shown:
        st.caption("Choose at least one recipe.")
        return
    names = unique([record.score.recipe.name for record in shown])
    rows = [(name, record.score) for name, record in zip(names, shown, strict=True)]
    key = tuple((record.recipe_id, record.created) for record in shown)
    left, right = st.columns(2, gap="medium")
    with left:
        for value in filter(None, (shown[0].score.metric, "divergence")):
            figure = reads.drawn(("comparison", value, key), partial(comparison, rows, value))
            plot(figure, key=f"comparison_{value}")
        st.caption(f"Measured on {samples_text(shown[0].score.samples, 'held-out evaluation')}.")
    with right:
        predictions(desk, shown)
    _table(rows)


def _chosen(desk: ScoreDesk, records: dict[str, ScoreRecord]) -> list[ScoreRecord]:
    first = [desk.record.id] if desk.record.id in records else []
    if desk.baseline is not None and desk.baseline.recipe_id not in first:
        first.append(desk.baseline.recipe_id)
    first += [identity for identity in records if identity not in first]
    chosen = st.multiselect(
        "Recipes",
        list(records),
        default=first[:SHOWN_AT_FIRST],
        format_func=lambda identity: _name(records[identity]),
        key=f"compare_{desk.record.id}",
        help="Every scored recipe of this run. Score another one to see it here.",
    )
    return [records[one_of("recipe", identity, records)] for identity in chosen]


def _name(record: ScoreRecord) -> str:
    return f"{record.score.recipe.name} · {record.score.cost.effective_bits:.2f} bits"


def unique(names: list[str]) -> list[str]:
    """Names with a number behind those that come again."""
    return [
        name if names.index(name) == place else f"{name} ({names[: place + 1].count(name)})"
        for place, name in enumerate(names)
    ]


def _table(rows: list[tuple[str, Score]]) -> None:
    metric = rows[0][1].metric or ""
    share = metric in SHARES
    title, unit = metric_title(metric), " (pp)" if share else ""
    frame = pd.DataFrame([_row(name, score, metric) for name, score in rows])
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "recipe": st.column_config.TextColumn("Recipe", pinned=True),
            "bytes": st.column_config.NumberColumn("Bytes", format="localized"),
            "bits": st.column_config.NumberColumn("Effective bits", format="%.2f"),
            "actual": st.column_config.NumberColumn(title, format="percent" if share else "%.4g"),
            "drop": st.column_config.NumberColumn(f"Loss{unit}", format="%.3g"),
            "drop_low": st.column_config.NumberColumn("Loss, 95 % from", format="%.3g"),
            "drop_high": st.column_config.NumberColumn("Loss, 95 % to", format="%.3g"),
            "divergence": st.column_config.NumberColumn("Divergence", format="%.3g"),
            "low": st.column_config.NumberColumn("95 % from", format="%.3g"),
            "high": st.column_config.NumberColumn("95 % to", format="%.3g"),
            "agreement": st.column_config.NumberColumn("Same answer", format="percent"),
            "samples": st.column_config.NumberColumn("Samples", format="localized"),
        },
        alt="Scored recipes side by side, with 95 % intervals",
    )


def _row(name: str, score: Score, metric: str) -> dict[str, object]:
    row: dict[str, object] = {
        "recipe": name,
        "bytes": score.cost.weight_bytes,
        "bits": score.cost.effective_bits,
    }
    if metric in score.drop:
        drop, factor = score.drop[metric], metric_scale(metric)
        row |= {"actual": score.actual[metric].value, "drop": factor * drop.value}
        row |= {"drop_low": factor * drop.low, "drop_high": factor * drop.high}
    row |= {"divergence": score.divergence, "low": score.low, "high": score.high}
    return {**row, "agreement": score.agreement, "samples": score.samples}
