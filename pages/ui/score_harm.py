"""What a recipe does to single samples and which pairs of layers do it."""

import streamlit as st

from pages.ui import reads
from pages.ui.changed_samples import changed_samples
from pages.ui.score_desk import ScoreDesk
from pages.ui.worst_pairs import pairs_of, pairs_table


def harm(desk: ScoreDesk) -> None:
    """Changed samples, and the worst pairs where the sweep can tell them."""
    if desk.score is None:
        return
    score = desk.score.score
    if score.agreement is not None or score.examples:
        with st.container(border=True):
            st.subheader("Samples that changed their answer", anchor=False)
            changed_samples(score)
    known = reads.interactions(desk.run)
    if desk.result is None or known is None:
        return
    pairs = pairs_of(desk.run, desk.result, score.recipe, known)
    if pairs:
        with st.container(border=True):
            st.subheader("Worst pairs of layers", anchor=False)
            pairs_table(pairs, known)
