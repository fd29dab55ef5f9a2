"""What the Overview's pictures say, in one sentence each, and where to go from there."""

import streamlit as st

from analysis.allocation.verdict import verdict
from analysis.runs.records import Job, RecipeRecord
from analysis.scores import Score
from pages.ui.places import link
from pages.ui.risk import AT_RISK, Risk
from pages.ui.text import percent, plain


def next_steps(job: Job, choice: RecipeRecord | None) -> None:
    """Where to go from here."""
    recipe = choice.id if choice else None
    with st.container(horizontal=True, gap="medium"):
        link("recipe", "Adjust this recipe", icon=":material/tune:", run=job.id, recipe=recipe)
        link("score", "See its score", icon=":material/verified:", run=job.id, recipe=recipe)
        link("layers", "Look at the layers", icon=":material/layers:", run=job.id)
        link("model", "Load your model", icon=":material/upload:")


def risk_sentence(risk: Risk) -> str:
    """Which layers cause most of the loss, in words."""
    if not risk.layers:
        return f"No layer stands out: none causes more than {percent(AT_RISK, 0)} of the loss."
    named = ", ".join(f"**{plain(name)}**" for name in risk.layers[:4])
    more = f" and {len(risk.layers) - 4} more" if len(risk.layers) > 4 else ""
    count = len(risk.layers)
    return (
        f"{count} layer{'' if count == 1 else 's'} cause{'s' if count == 1 else ''} "
        f"**{percent(risk.share, 0)}** of the loss at {risk.bits} bits: {named}{more}."
    )


def verdict_sentence(measured: tuple[Score, ...]) -> str | None:
    """Whether mixing is worth it here; None unless it and a uniform recipe were measured."""
    if len(measured) < 2:
        return None
    mixed, uniform = measured
    return plain(verdict(mixed, uniform).sentence)
