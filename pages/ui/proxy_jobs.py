"""The proxies of a sweep while they are missing: the button, the job, and how it ended."""

import streamlit as st

from analysis.errors import AnalysisError
from analysis.runs.records import Job, ProxyOptions
from pages.ui.controls import error_card
from pages.ui.progress import watch
from pages.ui.state import owner, store
from pages.ui.submit import check_offered, submit_job
from pages.ui.text import plain

WHAT_IT_DOES = (
    "Other tools rank layers by cheaper stand-ins: the error of the weights, the signal-to-noise "
    "ratio of a layer's own output, gradients, curvature. A job computes them for the weights of "
    "this sweep and tells how far each ranking agrees with the measured one."
)


def proxy_job(run: str) -> Job | None:
    """The newest job that computes the proxies of this sweep, of anybody."""
    for job in store().jobs():
        if isinstance(job.options, ProxyOptions) and job.options.run == run:
            return job
    return None


def missing_proxies(sweep: Job, *, some: bool) -> None:
    """What is to be done about proxies that are not all there.

    Args:
        sweep: its job.
        some: whether a job that ended early left some.
    """
    job = proxy_job(sweep.id)
    if job is not None and job.live:
        watch(job.id)
        return
    if job is not None and job.state == "failed":
        error_card(job.error or "The job failed.", title="The proxies were not computed")
    elif job is not None and job.state == "cancelled":
        st.caption("The computation was cancelled; the proxies that were finished are kept.")
    try:
        check_offered(sweep.source)
    except AnalysisError as error:
        st.caption(plain(str(error)))
        return
    label = "Compute the missing proxies" if some else "Compute the proxies"
    if st.button(label, icon=":material/compare_arrows:", key="compute_proxies"):
        _start(sweep, job)
        st.rerun()


def _start(sweep: Job, before: Job | None) -> None:
    """Go on with this visitor's ended job, or put a new one into the queue."""
    ended = before is not None and before.state in ("failed", "cancelled")
    if before is not None and ended and before.owner == owner():
        store().resume(before.id, owner=owner())
    else:
        submit_job("proxies", sweep.source, ProxyOptions(sweep.id), workload=sweep.workload)
