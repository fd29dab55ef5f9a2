"""Undo, redo, and back to what the solver gave."""

from dataclasses import replace

import streamlit as st

from analysis.sensitivity.points import Sensitivities
from pages.ui import draft as drafts
from pages.ui.desk import Desk, change, solved
from pages.ui.draft import Draft


def history_buttons(desk: Desk) -> None:
    """Three buttons in a row; each works on the draft as it is when it is pressed."""
    draft = desk.draft
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Undo",
            icon=":material/undo:",
            disabled=not draft.past,
            on_click=change,
            args=(lambda desk, _: drafts.undone(desk.draft),),
            key="recipe_undo",
        )
        st.button(
            "Redo",
            icon=":material/redo:",
            disabled=not draft.future,
            on_click=change,
            args=(lambda desk, _: drafts.redone(desk.draft),),
            key="recipe_redo",
        )
        st.button(
            "Reset to solved",
            icon=":material/restart_alt:",
            on_click=change,
            args=(_reset,),
            key="recipe_reset",
            help="Open all locks and solve for the limits again.",
        )


def _reset(desk: Desk, result: Sensitivities) -> Draft:
    unlocked = replace(desk.draft.now, locked=frozenset())
    return drafts.moved(desk.draft, solved(result, unlocked))
