"""Recipes in and out: save under a name, open a saved one, download, import, apply and score."""

import re
from dataclasses import replace

import streamlit as st

from analysis import serial
from analysis.allocation.budget import Choice
from analysis.allocation.predict import figures_of, predict
from analysis.errors import RecipeError
from analysis.recipe import Recipe, parse_recipe
from analysis.runs.records import Job, ScoreOptions
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads
from pages.ui.controls import error_card
from pages.ui.desk import (
    DRAFT_NAME,
    NAME_KEY,
    Desk,
    checked,
    keep,
    put_away,
    recipe_of,
    terms_of,
)
from pages.ui.guard import guarded
from pages.ui.hardware import current_profile
from pages.ui.places import go
from pages.ui.state import owner, store
from pages.ui.submit import submit_job
from pages.ui.text import bytes_text

IMPORT_BYTES = 4_000_000
"""Largest recipe file that is read."""

NAME_LENGTH = 60
_OFFERED = "recipe_name_offered"


def save_and_score(desk: Desk, result: Sensitivities, choice: Choice) -> None:
    """Name, save, download, and the button that applies the recipe and scores it."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        named = recipe_of(result, desk.draft.now, _name(desk, choice))
        if st.button("Save", icon=":material/save:", disabled=_is_saved(desk, named.name)):
            _saved(desk, named, choice, again=True)
            st.rerun()
        st.download_button(
            "Download JSON",
            lambda: serial.dumps(named),
            file_name=file_name(named.name),
            mime="application/json",
            icon=":material/download:",
            on_click="ignore",
        )
        if st.button(
            "Apply and score", type="primary", icon=":material/verified:", key="apply_and_score"
        ):
            apply_and_score(desk, named, choice)


def _name(desk: Desk, choice: Choice) -> str:
    """What is typed; a saved recipe keeps its name, and a new one is offered its bits as one."""
    offered = desk.name
    if desk.recipe_id is None:
        offered = f"{DRAFT_NAME}, {choice.cost.effective_bits:.2f} bits"
    origin = (desk.run, desk.saved[0] if desk.saved is not None else None, offered)
    before = st.session_state.get(_OFFERED, origin)
    if st.session_state.get(NAME_KEY) in (None, before[2]) or before[:2] != origin[:2]:
        st.session_state[NAME_KEY] = offered
    st.session_state[_OFFERED] = origin
    typed = st.text_input("Name of the recipe", max_chars=NAME_LENGTH, key=NAME_KEY, width=280)
    return typed.strip()[:NAME_LENGTH] or offered


def file_name(name: str) -> str:
    """A file name for a recipe of any name."""
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name).strip('-.') or 'recipe'}.json"


def _is_saved(desk: Desk, name: str) -> bool:
    return desk.saved is not None and desk.saved[1] == desk.draft.now and desk.name == name


def _saved(desk: Desk, recipe: Recipe, choice: Choice, *, again: bool = False) -> str:
    """The id of the recipe; it is stored unless it is already, under this name, or is to be again.

    What it was solved for is kept with it.
    """
    if desk.recipe_id is not None and desk.name == recipe.name and not again:
        return desk.recipe_id
    figures = figures_of(choice.predicted)
    record = store().save_recipe(recipe, owner=owner(), run=desk.run, predicted=figures)
    store().save_terms(record.id, terms_of(desk.draft.now))
    keep(replace(desk, name=recipe.name, saved=(record.id, desk.draft.now)))
    return record.id


def apply_and_score(desk: Desk, recipe: Recipe, choice: Choice) -> None:
    """Save the recipe, queue its score on the evaluation set, and show that."""
    job = reads.job(desk.run)
    identity = _saved(desk, recipe, choice)
    if not reads.scores(recipe.fingerprint, recipe=identity):
        submit_score(job, identity)
    go("score", run=desk.run, recipe=identity)


def submit_score(sweep: Job, recipe_id: str) -> None:
    """Queue the score of a recipe and of the other ways to spend its bytes on this hardware."""
    profile = current_profile()
    hardware = None if profile is None else profile.name
    options = ScoreOptions(recipe_id, sweep.id, rivals=True, hardware=hardware)
    submit_job("score", sweep.source, options, workload=sweep.workload)


@guarded()
def import_form(desk: Desk, result: Sensitivities) -> None:
    """Read a recipe file; one of another model, or damaged, is refused with a card."""
    with st.form("import_recipe", border=False):
        uploaded = st.file_uploader(
            "Recipe file (JSON, also of `quantscope allocate --json`)", type=["json"]
        )
        sent = st.form_submit_button("Import", icon=":material/upload:")
    if not sent:
        return
    if uploaded is None:
        error_card("An import needs a recipe file; choose one first.")
        return
    recipe = checked(result, read_recipe(uploaded.getvalue()))
    record = store().save_recipe(
        recipe,
        owner=owner(),
        run=desk.run,
        origin="imported",
        predicted=figures_of(predict(result, recipe)),
    )
    put_away()
    go("recipe", run=desk.run, recipe=record.id)


def read_recipe(content: bytes) -> Recipe:
    """A recipe from the bytes of a file.

    Raises:
        RecipeError: it is too large, no text, or no recipe.
    """
    if len(content) > IMPORT_BYTES:
        raise RecipeError(
            f"A recipe file may have {bytes_text(IMPORT_BYTES)}, and this one has "
            f"{bytes_text(len(content))}; it is no recipe of ours."
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise RecipeError("A recipe file must be UTF-8 text, and this one is not.") from None
    return parse_recipe(text)
