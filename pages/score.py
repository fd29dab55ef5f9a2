"""Score: apply a recipe, measure it on held-out data, compare it with what it must beat."""

import streamlit as st

from analysis.errors import AnalysisError
from pages.ui import reads, score_view
from pages.ui.controls import empty_state, error_card, page_header
from pages.ui.hardware import write_to_address
from pages.ui.places import link
from pages.ui.progress import watch
from pages.ui.recipe_files import submit_score
from pages.ui.score_compare import compare
from pages.ui.score_desk import can_score, open_score_desk, recipe_picker
from pages.ui.score_files import downloads
from pages.ui.score_harm import harm
from pages.ui.score_metrics import all_metrics
from pages.ui.state import current_run
from pages.ui.text import plain
from pages.ui.ways import ways

try:
    desk = open_score_desk()
except AnalysisError:
    page_header("Score")
    raise
page_header("Score", run=desk.run if desk is not None else current_run())

if desk is None:
    empty_state(
        "There is no recipe to score yet",
        "Choose the bits of every layer first; then it is applied and measured here.",
        "recipe",
        "Choose a recipe",
        run=current_run(),
    )
else:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        recipe_picker(desk)
        link(
            "recipe",
            "Change this recipe",
            icon=":material/tune:",
            run=desk.run,
            recipe=desk.record.id,
        )
    if desk.profile is not None:
        score_view.on_hardware_line(desk.profile, desk.result, desk.record.recipe)
    if desk.job is not None and desk.job.live:
        st.subheader(f"Scoring {plain(desk.record.recipe.name)}", anchor=False)
        watch(desk.job.id)
    elif desk.score is None and desk.job is not None and desk.job.state == "failed":
        error_card(desk.job.error or "The score failed.", title="This recipe was not scored")
    elif desk.score is None and desk.job is not None:
        st.warning("The score of this recipe was cancelled.", icon=":material/cancel:")
    waits = desk.job is not None and desk.job.live
    if desk.score is None and not waits and not can_score(desk):
        error_card(
            "This recipe was made for another model than the run on screen, and its own run is "
            "gone; choose a run of its model, or sweep it.",
            place="runs",
            label="Open the list of runs",
        )
    elif desk.score is None and not waits:
        empty_state(
            "This recipe was not scored yet",
            "Scoring applies it and measures it on the evaluation data, which were used for "
            "nothing else, beside the float model and the uniform recipe at the same bytes.",
        )
        if st.button("Apply and score", type="primary", icon=":material/verified:"):
            submit_score(reads.job(desk.run), desk.record.id)
            st.rerun()
    if desk.score is not None:
        scored = reads.scores(desk.record.recipe.fingerprint, run=desk.run)
        score_view.verdict_line(desk.score.score, desk.baseline)
        score_view.figures(desk.score.score)
        left, right = st.columns([4, 3], gap="medium")
        with left:
            score_view.beside_baseline(desk.score.score, desk.baseline)
            all_metrics(desk.score.score)
            downloads(desk, desk.score, scored)
        with right, st.container(border=True):
            st.subheader("Damage by class", anchor=False)
            score_view.damage(desk.score)
        with st.container(border=True):
            st.subheader("Other ways to spend these bytes", anchor=False)
            ways(desk, desk.score.score, scored)
        harm(desk)
        st.subheader("Side by side", anchor=False)
        compare(desk, scored)
    write_to_address()
