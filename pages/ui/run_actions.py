"""What can be done with one job: open, go on, delete, export; and why it failed."""

import json
from pathlib import Path

import streamlit as st

from analysis.runs.bundle import export_bundle
from analysis.runs.jobs import SHARED
from analysis.runs.process import log_path
from analysis.runs.records import Job
from analysis.sensitivity.memory import size_text
from analysis.sensitivity.points import SweepCost
from pages.ui import reads
from pages.ui.controls import error_card
from pages.ui.guard import guarded
from pages.ui.places import link
from pages.ui.runs_list import KINDS, job_place, job_title, owner_text, took
from pages.ui.state import owner, run_workload, store
from pages.ui.text import duration, plain, samples_text, when

_ASKED = "delete_asked"
LOG_LINES = 12


@guarded()
def run_actions(job: Job) -> None:
    """The chosen job: its facts, its links, and what its owner may do."""
    mine = job.owner == owner()
    with st.container(border=True):
        st.subheader(f"{KINDS[job.kind]} of {plain(run_workload(job))}", anchor=False)
        st.caption(" · ".join(_facts(job)))
        if job.state == "failed":
            _failure(job, mine=mine)
        with st.container(horizontal=True, vertical_alignment="center"):
            place, params = job_place(job)
            link(place, "Open", icon=":material/arrow_forward:", **params)
            if mine and job.state in ("failed", "cancelled"):
                _resume(job)
            if job.kind == "sweep" and job.state == "done":
                st.download_button(
                    "Export (JSON)",
                    lambda: json.dumps(export_bundle(store(), job.id)),
                    file_name=f"{job.workload or 'run'}-{job.id[:8]}.json",
                    mime="application/json",
                    icon=":material/download:",
                    on_click="ignore",
                )
            if mine and job.state != "running":
                _delete(job)
        if job.owner == SHARED:
            st.caption("A shared run is there for everybody and cannot be deleted.")


def _facts(job: Job) -> list[str]:
    parts = [job_title(job), f"owner: {owner_text(job)}", f"started {when(job.created)}"]
    if job.total:
        parts.append(f"{job.done:,} of {job.total:,} done")
    if took(job):
        parts.append(f"took {took(job)}")
    if job.attempt > 1:
        parts.append(f"{job.attempt} attempts")
    result = reads.sensitivities(job.id) if job.kind == "sweep" and not job.live else None
    if result is not None and result.cost.peak_rss_bytes:
        parts.append(f"{result.cost.forwards:,.0f} forwards of {_samples(result.setup.samples)}")
        parts += _machine(result.cost)
    return parts


def _machine(cost: SweepCost) -> list[str]:
    expected = (
        f" ({size_text(cost.expected_rss_bytes)} expected)" if cost.expected_rss_bytes else ""
    )
    parts = [f"peak memory {size_text(cost.peak_rss_bytes)}{expected}"]
    if cost.workers > 1:
        parts.append(f"{cost.workers} workers, {duration(cost.cpu_seconds)} of CPU time")
    return parts


def _samples(samples: int) -> str:
    return samples_text(samples, "sweep")


def _failure(job: Job, *, mine: bool) -> None:
    error_card(job.error or "The job failed without a word.", title="This job failed")
    tail = _log_tail(log_path(job.id)) if mine else ""
    if tail:
        with st.expander("Last lines of the worker's log", icon=":material/terminal:"):
            st.text(tail)


def _log_tail(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_LINES:])


def _resume(job: Job) -> None:
    if st.button("Go on", icon=":material/resume:", key="resume_run"):
        store().resume(job.id, owner=owner())
        st.rerun()


def _delete(job: Job) -> None:
    """Two clicks: the second one deletes."""
    if st.session_state.get(_ASKED) != job.id:
        if st.button("Delete", icon=":material/delete:", key="delete_run"):
            st.session_state[_ASKED] = job.id
            st.rerun()
        return
    st.markdown("Delete it with all its figures?", width="content")
    if st.button("Yes, delete", type="primary", icon=":material/delete_forever:", key="delete_yes"):
        st.session_state.pop(_ASKED)
        store().delete(job.id, owner=owner())
        st.rerun()
    if st.button("Keep it", key="delete_no"):
        st.session_state.pop(_ASKED)
        st.rerun()
