"""Cached reads of the store, keyed by ids and a version, never by arrays.

What cannot change any more (a finished run, an inspection of given weights) is kept as one
shared object; what still grows is read afresh. Callers must not change what they get.
"""

from collections.abc import Callable, Hashable

import streamlit as st
from plotly.graph_objects import Figure

from analysis.allocation.frontier import FrontierPoint
from analysis.allocation.frontier import frontier as solve_frontier
from analysis.errors import UnknownRunError
from analysis.paths import home_dir
from analysis.profiles import Inspection
from analysis.runs.records import Job, RecipeRecord, ScoreRecord
from analysis.sensitivity.points import Sensitivities
from pages.ui.state import store

_KEEP = 64


class _NothingYet(Exception):
    """Keeps a missing answer out of the cache."""


def job(run: str) -> Job:
    """The job of a run.

    Raises:
        UnknownRunError: there is none of that id.
    """
    found = store().job(run)
    if found is None:
        raise UnknownRunError(
            f"There is no run {run!r:.60} (any more); choose one on the Runs page."
        )
    return found


def version(run: str) -> tuple[str, str, str, int, float | None]:
    """What changes whenever the run's points do; a cache key for anything made from them."""
    row = job(run)
    return (str(home_dir()), run, row.state, row.done, row.ended)


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _finished(_version: tuple[Hashable, ...], run: str, _key: str) -> Sensitivities:
    found = store().sensitivities(run)
    if found is None:
        raise _NothingYet
    return found


def sensitivities(run: str) -> Sensitivities | None:
    """Everything the run has learnt so far; None before its first point."""
    if job(run).live:
        return store().sensitivities(run)
    try:
        return _finished(version(run), run, repr(version(run)))
    except _NothingYet:
        return None


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _inspection(_home: str, fingerprint: str) -> Inspection:
    found = store().inspection(fingerprint)
    if found is None:
        raise _NothingYet
    return found


def inspection(fingerprint: str) -> Inspection | None:
    """What a look at these weights found; None when nobody looked yet."""
    try:
        return _inspection(str(home_dir()), fingerprint)
    except _NothingYet:
        return None


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _frontier(_key: str, run: str) -> tuple[FrontierPoint, ...]:
    found = sensitivities(run)
    if found is None:
        raise _NothingYet
    return solve_frontier(found)


def frontier(run: str) -> tuple[FrontierPoint, ...]:
    """Recipes with the least predicted divergence for their bytes; empty before the first point."""
    try:
        return _frontier(repr(version(run)), run)
    except _NothingYet:
        return ()


def recommended(run: str) -> RecipeRecord | None:
    """The recipe proposed after the sweep, or None before that."""
    return store().recommended(run)


def scores(
    fingerprint: str, *, run: str | None = None, recipe: str | None = None
) -> tuple[ScoreRecord, ...]:
    """Scores of this model, of one run or one recipe."""
    return store().scores(fingerprint=fingerprint, run=run, recipe=recipe)


def recipe(recipe_id: str) -> RecipeRecord:
    """A stored recipe.

    Raises:
        UnknownRunError: there is none of that id.
    """
    return store().recipe(recipe_id)


@st.cache_resource(show_spinner=False, max_entries=256)
def _drawn(key: str, _build: Callable[[], Figure]) -> Figure:
    return _build()


def drawn(key: tuple[Hashable, ...], build: Callable[[], Figure]) -> Figure:
    """A figure made once for its key, which must name all that it shows."""
    return _drawn(repr((str(home_dir()), *key)), build)
