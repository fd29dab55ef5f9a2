"""Who looks, at which run, in which store."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Literal

import streamlit as st

from analysis.errors import OptionError
from analysis.paths import home_dir
from analysis.runs.bundle import DEMO_RUN as DEMO_RUN
from analysis.runs.bundle import ensure_demo
from analysis.runs.records import Job
from analysis.runs.store import RunStore
from analysis.workloads.cases.folders import StoredCase, find_case, is_case, uploaded_cases
from analysis.workloads.catalogue import catalogue
from analysis.workloads.zoo.card import ZooCard
from analysis.workloads.zoo.cards import ZOO
from analysis.workloads.zoo.shelf import record_of
from pages.ui.owner import LOCAL_OWNER, OWNER_COOKIE, is_owner_id

WORKLOADS_VARIABLE = "QUANTSCOPE_WORKLOADS"

_RUN_KEY = "chosen_run"

SourceKind = Literal["built-in", "command line", "upload"]


@dataclass(frozen=True, slots=True)
class Source:
    """A workload that can be chosen, wherever it came from.

    Attributes:
        source: what `load_workload` takes.
        figures: short facts with their units, such as ``("Parameters", "78 k")``.
    """

    source: str
    title: str
    description: str
    kind: SourceKind
    licence: str = ""
    figures: tuple[tuple[str, str], ...] = ()


_opened: dict[Path, RunStore] = {}
_opening = Lock()


def store() -> RunStore:
    """The run store of this server, with the demo result in it.

    A page asks for it some fifty times; Streamlit's cache would take 100 µs for each.
    """
    home = home_dir()
    found = _opened.get(home)
    if found is None:
        with _opening:
            found = _opened.get(home)
            if found is None:
                found = RunStore()
                ensure_demo(found)
                _opened[home] = found
    return found


def owner() -> str:
    """Who owns what this session starts: the cookie that `app.py` hands out.

    Without a server (tests, a bare script) there is no cookie and one local owner.
    """
    cookie = st.context.cookies.get(OWNER_COOKIE)
    return str(cookie) if is_owner_id(cookie) else LOCAL_OWNER


def current_run() -> str:
    """The run on screen: of the address, else the last one chosen, else the demo."""
    asked = st.query_params.get("run")
    if asked:
        st.session_state[_RUN_KEY] = asked
        return asked
    return str(st.session_state.get(_RUN_KEY, DEMO_RUN))


def choose_run(run: str) -> None:
    """Show this run from now on, on every page, and say so in the address."""
    st.session_state[_RUN_KEY] = run
    st.query_params["run"] = run


def command_line_sources() -> tuple[str, ...]:
    """Sources named when the server was started (`quantscope ui WORKLOAD…`).

    Raises:
        OptionError: the environment variable is no JSON list of texts.
    """
    text = os.environ.get(WORKLOADS_VARIABLE, "[]")
    try:
        named = json.loads(text)
    except json.JSONDecodeError:
        named = None
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise OptionError(
            f"{WORKLOADS_VARIABLE} must be a JSON list of workload sources, not {text!r:.80}."
        )
    return tuple(named)


def workload_sources() -> tuple[Source, ...]:
    """Every workload here: command line first, built-ins, what is prepared of the zoo, uploads."""
    built_in = tuple(
        Source(
            entry.source,
            entry.title,
            entry.description,
            "built-in",
            entry.licence,
            entry.figures,
        )
        for entry in catalogue()
    )
    ready = tuple(_of_zoo(card) for card in ZOO.values() if record_of(card.name) is not None)
    known = {entry.source for entry in (*built_in, *ready)}
    named = tuple(_named(source) for source in command_line_sources() if source not in known)
    own = tuple(_of_case(stored, "upload") for stored in uploaded_cases(owner()))
    return named + built_in + ready + own


def _named(source: str) -> Source:
    """A factory by its file, a registered model by what is known of it."""
    if is_case(source):
        return _of_case(find_case(source), "command line")
    return Source(source, source.rpartition("/")[2], source, "command line")


def _of_zoo(card: ZooCard) -> Source:
    figures = (
        ("Area", card.area),
        ("Parameters", f"{card.parameters:,}"),
        ("Layers", f"{card.layers} to quantise"),
    )
    return Source(card.name, card.title, card.description, "built-in", card.licence, figures)


def _of_case(stored: StoredCase, kind: SourceKind) -> Source:
    case, facts = stored.case, stored.facts
    figures: tuple[tuple[str, str], ...] = ()
    if facts is not None:
        figures = (
            ("Parameters", f"{facts.parameters:,}"),
            ("Layers", f"{facts.layers} to quantise"),
            ("Samples", f"{facts.samples:,}" + ("" if facts.metric else ", without labels")),
        )
    return Source(case.source, case.title, case.description, kind, figures=figures)


def run_workload(job: Job) -> str:
    """What a job works on, by the title of its card, else by the name the model brings."""
    titles = {entry.source: entry.title for entry in catalogue()}
    titles |= {card.name: card.title for card in ZOO.values()}
    return titles.get(job.source) or job.workload or job.source
