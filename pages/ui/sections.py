"""Folded sections that cost nothing until somebody opens them.

Streamlit draws what is inside a folded expander in every run. Here it is drawn from the first
time it is opened on, and then for as long as the visitor stays on the page, folded or not: what was
typed or uploaded in it is kept.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_OPENED = "opened_sections"
_FOLDED = "folded_sections"


@contextmanager
def section(label: str, *, key: str, icon: str, expanded: bool = False) -> Iterator[bool]:
    """A folded section; whether its content is to be drawn.

    Args:
        label: what is written on it.
        key: its name in the session, one for each section of the app.
        icon: of Material Symbols.
        expanded: whether it is open when it is first seen.
    """
    _fold_now(key)
    box = st.expander(label, icon=icon, expanded=expanded, on_change="rerun", key=key)
    with _drawn(box, key, is_open=bool(box.open)) as drawn:
        yield drawn


@contextmanager
def drop_down(label: str, *, key: str, icon: str) -> Iterator[bool]:
    """The same as a button with a window of its own."""
    _fold_now(key)
    box = st.popover(label, icon=icon, on_change="rerun", key=key)
    with _drawn(box, key, is_open=bool(box.open)) as drawn:
        yield drawn


def fold(key: str) -> None:
    """Fold a section from the next run on, and forget what was typed in it: it has served."""
    st.session_state.setdefault(_FOLDED, set()).add(key)
    _, opened = st.session_state[_OPENED]
    opened.discard(key)


def _fold_now(key: str) -> None:
    """Before the section is drawn, for only then may its state be set."""
    folded: set[str] = st.session_state.setdefault(_FOLDED, set())
    if key in folded:
        folded.remove(key)
        st.session_state[key] = False


def turn_to(page: str) -> None:
    """Forget what was opened on another page, as Streamlit forgets what was typed there."""
    if st.session_state.get(_OPENED, (page,))[0] != page:
        del st.session_state[_OPENED]
    st.session_state.setdefault(_OPENED, (page, set()))


@contextmanager
def _drawn(box: DeltaGenerator, key: str, *, is_open: bool) -> Iterator[bool]:
    _, opened = st.session_state[_OPENED]
    if is_open:
        opened.add(key)
    with box:
        yield key in opened
