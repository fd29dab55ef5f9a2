"""A sweep while it waits or runs: progress, cancel, and a heat map that fills cell by cell."""

from collections.abc import Sequence

import streamlit as st

from analysis.charts.live import live_heatmap
from analysis.errors import AnalysisError
from analysis.runs.records import Job, SweepOptions
from analysis.sensitivity.points import SweepPoint, SweepSetup, Target
from pages.ui import reads
from pages.ui.badge import job_state_text
from pages.ui.controls import error_card
from pages.ui.evidence import evidence_text
from pages.ui.guard import guarded
from pages.ui.state import owner, store

FIRST_LOOK = (
    "A first look with plain min-max ranges, while the best quantiser of each layer and width is "
    "chosen; the sweep's own cells take its place."
)

TARGET_TITLES: dict[Target, str] = {"weight": "Weights", "activation": "Activations"}


@st.fragment(run_every=1.0)
@guarded()
def live_sweep(run: str) -> None:
    """The sweep's state, redrawn every second; the whole page is drawn anew when it ends."""
    row = reads.job(run)
    if not row.live:
        st.rerun(scope="app")
    _progress(row)
    setup = store().setup(run) if row.state == "running" else None
    if setup is not None:
        points = store().points(run)
        _heat_maps(setup, points)
        st.caption(evidence_text(points, len(setup.cells)))
        return
    look = store().first_look(run)
    if look is None:
        _waiting(row)
        return
    _heat_maps(look.setup, look.points)
    st.caption(f"{FIRST_LOOK} {evidence_text(look.points, len(look.setup.cells))}")


def _heat_maps(setup: SweepSetup, points: Sequence[SweepPoint]) -> None:
    dark = st.context.theme.type == "dark"
    for target in targets(setup):
        st.subheader(TARGET_TITLES[target], anchor=False)
        st.echarts_chart(
            live_heatmap(setup, points, target=target, dark=dark),
            height=heatmap_height(len(setup.layers)),
            key=f"live_{target}",
            alt=f"Divergence of each layer and width so far, {target}s, {setup.workload}",
        )


def targets(setup: SweepSetup) -> tuple[Target, ...]:
    """What the sweep quantises: weights first."""
    present = {cell.target for cell in setup.cells}
    return tuple(target for target in TARGET_TITLES if target in present)


def heatmap_height(layers: int) -> int:
    """Pixels of a heat map with so many rows."""
    return min(90 + 24 * layers, 1400)


def _progress(row: Job) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with st.container():
            headline = _headline(row)
            if headline is not None:
                st.markdown(f"**{headline}**")
            share = row.done / row.total if row.total else 0.0
            st.progress(min(share, 1.0), text=job_state_text(row))
        if row.owner == owner():
            st.button(
                "Cancel",
                icon=":material/close:",
                key="cancel_sweep",
                on_click=_cancel,
                args=(row.id,),
                help="Stops after the cell in hand; what was measured is kept.",
            )
    problem = st.session_state.pop("cancel_problem", None)
    if problem is not None:
        error_card(str(problem), title="This sweep was not cancelled")


def _cancel(run: str) -> None:
    try:
        store().cancel(run, owner=owner())
    except AnalysisError as error:
        st.session_state["cancel_problem"] = str(error)


def _headline(row: Job) -> str | None:
    """What is not as usual: waiting, or going on after a death."""
    if row.state == "queued" and row.attempt:
        return "The worker died; the sweep goes on from its measured cells as soon as it can"
    if row.state == "queued" and row.ahead:
        jobs = "job" if row.ahead == 1 else "jobs"
        return f"Waiting in the queue, {row.ahead} {jobs} ahead"
    if row.state == "queued":
        return "Next in the queue"
    if row.attempt > 1:
        return "Going on after a restart; what was measured before is kept"
    return None


def _waiting(row: Job) -> None:
    widths = row.options.bits if isinstance(row.options, SweepOptions) else ()
    st.skeleton(height=240)
    st.caption(
        f"The heat map of {len(widths)} widths appears with its first cell; loading the model and "
        "running it once in float come first. You may close this page: the sweep goes on."
    )
