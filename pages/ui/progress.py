"""A live job on the page that waits for it."""

import streamlit as st

from analysis.runs.records import Job
from pages.ui.badge import job_state_text
from pages.ui.guard import guarded
from pages.ui.state import owner, store


@st.fragment(run_every=1.0)
@guarded()
def watch(job_id: str) -> None:
    """Progress of a job with a way to stop it; the page is drawn anew when it ends."""
    job = store().job(job_id)
    if not job.live:
        st.rerun(scope="app")
    share = job.done / job.total if job.total else 0.0
    st.progress(min(share, 1.0), text=job_state_text(job))
    if job.owner == owner() and st.button("Cancel", key=f"cancel_{job_id}"):
        store().cancel(job_id, owner=owner())


def ended_badly(job: Job | None) -> bool:
    """Whether the job is over without a result."""
    return job is not None and job.state in ("failed", "cancelled")
