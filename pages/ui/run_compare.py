"""Two sweeps of one model, cell by cell: what another scheme or data set changes."""

import streamlit as st

from analysis.charts.runs import delta_heatmap
from analysis.runs.records import Job
from pages.ui import reads
from pages.ui.checks import one_of
from pages.ui.controls import plot, run_title
from pages.ui.live_sweep import TARGET_TITLES
from pages.ui.text import samples_text


def run_compare(jobs: tuple[Job, ...]) -> None:
    """Choose two finished sweeps of the same model and see the ratio of their divergences."""
    sweeps = {job.id: job for job in jobs if job.kind == "sweep" and job.state == "done"}
    pairs = {
        identity: [other for other in sweeps.values() if other.id != identity and _same(job, other)]
        for identity, job in sweeps.items()
    }
    firsts = [identity for identity, others in pairs.items() if others]
    if not firsts:
        st.caption(
            "Two finished sweeps of the same model can be compared; sweep one again with another "
            "scheme, range method or target."
        )
        return
    left, right = st.columns(2)
    with left:
        first = st.selectbox(
            "Sweep", firsts, format_func=lambda identity: run_title(sweeps[identity]), key="run_a"
        )
    one_of("run", first, firsts)
    seconds = [job.id for job in pairs[first]]
    with right:
        second = st.selectbox(
            "Compared with",
            seconds,
            format_func=lambda identity: run_title(sweeps[identity]),
            key=f"run_b_{first}",
        )
    _delta(first, one_of("run", second, seconds))


def _same(a: Job, b: Job) -> bool:
    return a.fingerprint is not None and a.fingerprint == b.fingerprint


def _delta(first: str, second: str) -> None:
    a, b = reads.sensitivities(first), reads.sensitivities(second)
    if a is None or b is None:
        return
    shared = [target for target in TARGET_TITLES if set(a.bits(target)) & set(b.bits(target))]
    if not shared:
        st.info("These two sweeps have no cell in common.", icon=":material/info:")
        return
    target = shared[0]
    if len(shared) > 1:
        chosen = st.segmented_control(
            "Quantised",
            shared,
            default=shared[0],
            required=True,
            format_func=lambda target: TARGET_TITLES[target],
            key="delta_target",
        )
        target = one_of("target", chosen, shared)
    figure = reads.drawn(
        ("delta", *reads.version(first), *reads.version(second), target),
        lambda: delta_heatmap(a, b, target),
    )
    plot(figure, key="run_delta")
    st.caption(
        f"Divergence of the second sweep over the first: {samples_text(a.setup.samples, 'sweep')} "
        f"against {samples_text(b.setup.samples, 'sweep')}."
    )
