"""Cached reads of the store, keyed by ids and a version, never by arrays.

What cannot change any more (a finished run, an inspection of given weights) is kept as one
shared object; what still grows is read afresh. Callers must not change what they get.
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st
from plotly.graph_objects import Figure

from analysis.allocation.calibration import Calibration
from analysis.allocation.frontier import FrontierPoint
from analysis.allocation.frontier import frontier as solve_frontier
from analysis.hardware.profile import HardwareProfile
from analysis.layers import Layer
from analysis.paths import home_dir
from analysis.profiles import Inspection
from analysis.runs.records import Job, RecipeRecord, ScoreRecord
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities, SweepSetup
from analysis.sensitivity.proxies.agreement import ProxyAgreement, ranked_proxies
from analysis.sensitivity.proxies.catalogue import PROXIES
from pages.ui.state import current_run, store

_KEEP = 64
_T = TypeVar("_T")


class _NothingYet(Exception):
    """Keeps a missing answer out of the cache."""


_look = threading.local()


@contextmanager
def one_look() -> Iterator[None]:
    """While a page is drawn each job is read once, so that all of it shows one moment."""
    _look.seen = {}
    try:
        yield
    finally:
        _look.seen = None


def once(key: Hashable, read: Callable[[], _T]) -> _T:
    """What `read` says, asked once while a page is drawn."""
    seen: dict[Hashable, Any] | None = getattr(_look, "seen", None)
    if seen is None:
        return read()
    if key not in seen:
        seen[key] = read()
    found: _T = seen[key]
    return found


def _once(read: Callable[[str], _T], run: str) -> _T:
    """What `read` says of the run, asked once while a page is drawn."""
    return once((read.__name__, run), lambda: read(run))


def jobs(owner: str | None = None, limit: int = 100) -> tuple[Job, ...]:
    """Jobs of one owner or of all, newest first."""
    return once(("jobs", owner, limit), lambda: store().jobs(owner=owner, limit=limit))


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _last_setup(key: str, _run: str) -> SweepSetup:
    found = store().setup(_run)
    if found is None:
        raise _NothingYet
    return found


def _setup(run: str) -> SweepSetup | None:
    """What the run's sweep was, before anybody edited its groups; None before it began."""
    row = job(run)
    if row.live:
        return _once(store().setup, run)
    try:
        key = repr((str(home_dir()), run, row.state, row.done, row.ended))
        return once(("setup", run), lambda: _last_setup(key, run))
    except _NothingYet:
        return None


def job(run: str) -> Job:
    """The job of a run.

    Raises:
        UnknownRunError: there is none of that id.
    """
    return _once(store().job, run)


def version(run: str) -> tuple[str, str, str, int, float | None, str]:
    """What changes whenever the run's points or groups do; a cache key for what is made of them."""
    row, edited = job(run), _once(store().groups, run)
    groups = repr(edited) if edited.changed else ""
    return (str(home_dir()), run, row.state, row.done, row.ended, groups)


def found_layers(run: str) -> tuple[Layer, ...]:
    """The layers with the groups that were found, whatever somebody made of them since."""
    known = _setup(run)
    return () if known is None else known.layers


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _finished(key: str, _run: str) -> Sensitivities:
    return store().sensitivities(_run)


def has_metric(run: str) -> bool:
    """Whether the run's sweep has a task metric; taken as so before it began to measure."""
    setup = _setup(run)
    return setup is None or setup.metric is not None


def sensitivities(run: str) -> Sensitivities | None:
    """Everything the run has learnt so far; None before it began to measure.

    Raises:
        UnknownRunError: there is no run of that id.
    """
    live = job(run).live
    if _setup(run) is None:
        return None
    if live:
        return store().sensitivities(run)
    return once(("finished", run), lambda: _finished(repr(version(run)), run))


def sensitivities_of(fingerprint: str) -> Sensitivities | None:
    """The sweep on screen when it is of these weights, else None."""
    run = current_run()
    return sensitivities(run) if job(run).fingerprint == fingerprint else None


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _inspection(home: str, fingerprint: str) -> Inspection:
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
def _frontier(
    key: str, _result: Sensitivities, _profile: HardwareProfile | None
) -> tuple[FrontierPoint, ...]:
    return solve_frontier(_result, profile=_profile)


def frontier(run: str, profile: HardwareProfile | None = None) -> tuple[FrontierPoint, ...]:
    """Recipes with the least predicted divergence for their bytes; empty before the first point.

    Raises:
        OptionError: the hardware cannot run what was swept.
    """
    found = sensitivities(run)
    if found is None or not found.points:
        return ()
    name = None if profile is None else profile.name
    return _frontier(repr((*version(run), name)), found, profile)


def recommended(run: str) -> RecipeRecord | None:
    """The recipe proposed after the sweep, or None before that."""
    return _once(store().recommended, run)


def scores(
    fingerprint: str, *, run: str | None = None, recipe: str | None = None
) -> tuple[ScoreRecord, ...]:
    """Scores of this model, of one run or one recipe."""
    return once(
        ("scores", fingerprint, run, recipe),
        lambda: store().scores(fingerprint=fingerprint, run=run, recipe=recipe),
    )


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


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _interactions(key: str, _run: str) -> tuple[Interactions | None]:
    return (store().interactions(_run),)


def interactions(run: str) -> Interactions | None:
    """Pairwise terms of a finished sweep; None where its shifts were not kept, or while it runs."""
    if job(run).live or _setup(run) is None:
        return None
    return _interactions(repr(version(run)), run)[0]


def calibration(run: str) -> Calibration | None:
    """What corrects the run's predictions; None where nothing was measured for it."""
    return _once(store().calibration, run)


@st.cache_resource(show_spinner=False, max_entries=_KEEP)
def _all_proxies(key: str, _run: str, _result: Sensitivities) -> tuple[ProxyAgreement, ...]:
    found = store().proxies(_run)
    if len(found) < len(PROXIES):
        raise _NothingYet
    return ranked_proxies(_result, found)


def proxies(run: str, result: Sensitivities) -> tuple[ProxyAgreement, ...]:
    """The proxies of a run's weights so far, best first; a job of its own may add to them."""
    try:
        return _all_proxies(repr(version(run)), run, result)
    except _NothingYet:
        return ranked_proxies(result, store().proxies(run))
