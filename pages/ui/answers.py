"""Answers of the compute process, for workloads that this server offers; kept by what was asked."""

import streamlit as st

from analysis.errors import AnalysisError, ComputeError
from analysis.paths import home_dir
from analysis.profiles import Inspection
from analysis.runs.compute import ComputeProcess, Known
from analysis.sensitivity.heads.values import HeadScores
from analysis.sensitivity.points import Target
from analysis.trials import SpecLook, SpecTable, Trial, WidthStrip
from pages.ui.state import store, workload_sources
from pages.ui.submit import check_offered
from pages.ui.turns import step_aside

_KEEP = 512


@st.cache_resource(show_spinner=False, max_entries=2, on_release=ComputeProcess.close)
def compute_process(_home: str) -> ComputeProcess:
    """The one compute process of this server; it starts with the first question."""
    return ComputeProcess(store().database.url)


def _asked(home: str) -> ComputeProcess:
    """The compute process, to be waited for: other pages go first meanwhile."""
    step_aside()
    return compute_process(home)


def source_of(fingerprint: str) -> str:
    """A workload of this server with these weights; empty where there is none."""
    for entry in workload_sources():
        found = store().inspection_of(entry.source)
        if found is not None and found.fingerprint == fingerprint:
            return entry.source
    return ""


def known_layer(source: str, found: Inspection, layer: str) -> Known | None:
    """The layer as something to ask about; None where this server does not offer the workload."""
    try:
        check_offered(source)
    except AnalysisError:
        return None
    return Known(source, found.fingerprint, layer)


@st.cache_resource(show_spinner="Trying this spec …", max_entries=_KEEP)
def _look(home: str, known: Known, target: Target, spec: str) -> SpecLook:
    return _asked(home).look(known, target, spec)


def look(known: Known, target: Target, spec: str) -> SpecLook:
    """What a spec does to one tensor.

    Raises:
        ComputeError: there is no answer; the message says why.
        UnknownWorkloadError: the workload is not offered.
    """
    check_offered(known.source)
    return _look(str(home_dir()), known, target, spec)


@st.cache_resource(show_spinner="Trying this spec on every layer …", max_entries=_KEEP)
def _table(home: str, known: Known, target: Target, spec: str) -> SpecTable:
    return _asked(home).table(known, target, spec)


def table(known: Known, target: Target, spec: str) -> SpecTable:
    """The SQNR of every layer's weight or input at a spec; raises as `look` does."""
    check_offered(known.source)
    return _table(str(home_dir()), known, target, spec)


@st.cache_resource(show_spinner="Measuring both on sweep samples …", max_entries=_KEEP)
def _trial(home: str, known: Known, target: Target, before: str, after: str) -> Trial:
    return _asked(home).trial(known, target, before, after)


def trial(known: Known, target: Target, before: str, after: str) -> Trial:
    """Two specs of one tensor, measured on drawn sweep samples; raises as `look` does."""
    check_offered(known.source)
    return _trial(str(home_dir()), known, target, before, after)


@st.cache_resource(show_spinner="Running one sample at each width …", max_entries=_KEEP)
def _strip(
    home: str, known: Known, target: Target, specs: tuple[str, ...], sample: int
) -> WidthStrip:
    return _asked(home).strip(known, target, specs, sample)


def strip(known: Known, target: Target, specs: tuple[str, ...], sample: int) -> WidthStrip:
    """What each spec makes of one sweep sample; raises as `look` does."""
    check_offered(known.source)
    return _strip(str(home_dir()), known, target, specs, sample)


@st.cache_resource(show_spinner="Scoring every head …", max_entries=_KEEP)
def _heads(home: str, known: Known, spec: str) -> HeadScores:
    return _asked(home).heads(known, spec)


def heads(known: Known, spec: str) -> HeadScores:
    """Estimates for every attention head at a spec; raises as `look` does."""
    check_offered(known.source)
    return _heads(str(home_dir()), known, spec)


def tried(known: Known | None, target: Target, spec: str) -> SpecLook | str | None:
    """A look, the sentence why there is none, or None where nothing can be asked."""
    if known is None:
        return None
    try:
        return look(known, target, spec)
    except ComputeError as error:
        return str(error)
