"""All jobs this session may see: those at work, and the table of everything."""

import pandas as pd
import streamlit as st

from analysis.runs.jobs import SHARED
from analysis.runs.records import (
    Job,
    JobKind,
    JobState,
    ProxyOptions,
    ScoreOptions,
    SweepOptions,
)
from pages.ui.badge import job_state_text
from pages.ui.cards import table_height
from pages.ui.guard import guarded
from pages.ui.places import Place, link
from pages.ui.state import owner, run_workload, store
from pages.ui.sweep_state import TENSORS
from pages.ui.text import duration, plain

LISTED = 200
KINDS: dict[JobKind, str] = {
    "inspect": "Look",
    "sweep": "Sweep",
    "score": "Score",
    "proxies": "Proxies",
}
STATES: dict[JobState, str] = {
    "queued": "⏳ waiting",
    "running": "▶ running",
    "done": "✓ done",
    "failed": "✕ failed",
    "cancelled": "– cancelled",
}


def visible_jobs() -> tuple[Job, ...]:
    """This owner's jobs and the shared ones, newest first."""
    mine = store().jobs(owner=owner(), limit=LISTED)
    shared = store().jobs(owner=SHARED, limit=LISTED)
    return tuple(sorted((*mine, *shared), key=lambda job: -job.created))


def owner_text(job: Job) -> str:
    """Whose job it is, for people."""
    if job.owner == SHARED:
        return "shared"
    return "me" if job.owner == owner() else "somebody else"


def job_place(job: Job) -> tuple[Place, dict[str, str | None]]:
    """The page that shows a job, and its parameters."""
    match job.options:
        case SweepOptions():
            return "sensitivity", {"run": job.id}
        case ScoreOptions(recipe, run):
            return "score", {"recipe": recipe, "run": run}
        case ProxyOptions(run):
            return "sensitivity", {"run": run}
        case _:
            return "model", {"workload": job.source}


def job_title(job: Job) -> str:
    """What a job does, in a few words."""
    if isinstance(job.options, SweepOptions):
        options = job.options
        widths = ", ".join(map(str, options.bits))
        return f"{TENSORS[options.target]} at {widths} bits"
    if isinstance(job.options, ProxyOptions):
        return "rank correlations of proxies"
    return "recipe and baseline" if isinstance(job.options, ScoreOptions) else "histograms, ranges"


def at_work(jobs: tuple[Job, ...]) -> None:
    """Progress of the live jobs; nothing when there are none."""
    if any(job.live for job in jobs):
        _ticking(tuple(job.id for job in jobs if job.live))


@st.fragment(run_every=1.0)
@guarded()
def _ticking(ids: tuple[str, ...]) -> None:
    jobs = [store().job(identity) for identity in ids]
    if not all(job.live for job in jobs):
        st.rerun(scope="app")
    for job in jobs:
        with st.container(border=True), st.container(horizontal=True, vertical_alignment="bottom"):
            with st.container():
                st.markdown(f"**{KINDS[job.kind]}** {plain(run_workload(job))}")
                share = job.done / job.total if job.total else 0.0
                st.progress(min(share, 1.0), text=job_state_text(job))
            place, params = job_place(job)
            link(place, "Open", icon=":material/arrow_forward:", **params)
            if st.button("Cancel", icon=":material/close:", key=f"cancel_{job.id}"):
                store().cancel(job.id, owner=owner())


def runs_table(jobs: tuple[Job, ...]) -> Job | None:
    """Every job in a row; the one that is chosen."""
    frame = pd.DataFrame([_row(job) for job in jobs])
    identity = hash(tuple(job.id for job in jobs))
    event = st.dataframe(
        frame,
        key=f"runs_table_{identity}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height=table_height(len(jobs)),
        column_config={
            "state": st.column_config.TextColumn("State", pinned=True),
            "kind": st.column_config.TextColumn("Kind"),
            "workload": st.column_config.TextColumn("Workload"),
            "what": st.column_config.TextColumn("What"),
            "owner": st.column_config.TextColumn("Owner"),
            "done": st.column_config.TextColumn(
                "Done", help="Finished and planned units: cells of a sweep, recipes of a score."
            ),
            "took": st.column_config.TextColumn("Took"),
            "created": st.column_config.DatetimeColumn("Started", format="D MMM YYYY, HH:mm"),
        },
        alt="All runs with state, owner and duration; choose a row to act on it",
    )
    rows = event["selection"]["rows"]
    return jobs[rows[0]] if rows and rows[0] < len(jobs) else None


def _row(job: Job) -> dict[str, object]:
    return {
        "state": STATES[job.state],
        "kind": KINDS[job.kind],
        "workload": run_workload(job),
        "what": job_title(job),
        "owner": owner_text(job),
        "done": f"{job.done:,} of {job.total:,}" if job.total else "",
        "took": took(job),
        "created": pd.Timestamp(job.created, unit="s"),
    }


def took(job: Job) -> str:
    """How long the job took; empty before it ended."""
    if job.started is None or job.ended is None:
        return ""
    return duration(job.ended - job.started)
