"""The live job of this owner, in the sidebar of every page."""

from typing import assert_never

import streamlit as st

from analysis.runs.records import (
    InspectOptions,
    Job,
    JobKind,
    ProxyOptions,
    ScoreOptions,
    SweepOptions,
)
from pages.ui import reads
from pages.ui.guard import guarded
from pages.ui.places import Place, link
from pages.ui.state import owner, run_workload
from pages.ui.text import duration, plain

_PLACES: dict[JobKind, Place] = {
    "inspect": "model",
    "sweep": "sensitivity",
    "score": "score",
    "proxies": "sensitivity",
}
_VERBS: dict[JobKind, str] = {
    "inspect": "Inspecting",
    "sweep": "Sweeping",
    "score": "Scoring",
    "proxies": "Comparing proxies of",
}


def live_job() -> Job | None:
    """The job of this owner that runs, else the next one that waits."""
    live = [row for row in reads.jobs(owner(), 50) if row.live]
    live.sort(key=lambda row: (row.state != "running", row.created))
    return live[0] if live else None


def run_badge() -> None:
    """Progress of the live job with a link to its page; nothing when there is none."""
    if live_job() is not None:
        _ticking_badge()


@st.fragment(run_every=2.0)
@guarded()
def _ticking_badge() -> None:
    row = live_job()
    if row is None:
        st.rerun(scope="app")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{_VERBS[row.kind]}** {plain(run_workload(row))}")
        share = row.done / row.total if row.total else 0.0
        st.progress(min(share, 1.0), text=job_state_text(row))
        link(_PLACES[row.kind], "Open", icon=":material/arrow_forward:", **_address(row))


def _address(row: Job) -> dict[str, str | None]:
    match row.options:
        case SweepOptions():
            return {"run": row.id}
        case ScoreOptions(recipe, run):
            return {"recipe": recipe, "run": run}
        case ProxyOptions(run):
            return {"run": run}
        case InspectOptions():
            return {"workload": row.source}
    assert_never(row.options)


def job_state_text(row: Job) -> str:
    """What a live job does now: waiting (behind how many), phase, done of total, rest."""
    if row.state == "queued":
        return f"Waiting, {row.ahead} ahead" if row.ahead else "Starting"
    parts = [row.phase.capitalize()]
    if row.total:
        parts.append(f"{row.done:,} of {row.total:,}")
    if row.eta_seconds is not None:
        parts.append(f"{duration(row.eta_seconds)} left")
    return " · ".join(parts)
