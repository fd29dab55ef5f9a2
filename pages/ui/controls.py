"""Controls every page shares: header, cards, charts, the end mark."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from plotly.graph_objects import Figure
from streamlit.delta_generator import DeltaGenerator

from analysis.charts.frame import alt_text
from analysis.runs.jobs import SHARED
from analysis.runs.records import Job, SweepOptions
from pages.ui import reads
from pages.ui.places import Place, link
from pages.ui.state import DEMO_RUN, choose_run, owner, run_workload
from pages.ui.text import plain, when

_PLOT_CONFIG = {"displayModeBar": False, "displaylogo": False, "scrollZoom": False}
_PICKER = "run_picker"


def page_header(title: str, *, run: str | None = None, note: str | None = None) -> DeltaGenerator:
    """The page's title; with a run also its workload, its mark and a picker of runs.

    Returns:
        the place at the right of the title, for what can be done with the whole page.
    """
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.title(plain(title), anchor=False, width="content")
            if run is not None:
                _run_mark(reads.job(run))
                _metric_mark(run)
        if note is None and run is not None:
            note = plain(run_workload(reads.job(run)))
        if note:
            st.caption(note)
    with right:
        place = st.container(
            horizontal=True, horizontal_alignment="right", vertical_alignment="center", gap="small"
        )
    if run is not None:
        with place:
            _run_picker(run)
    return place


def _run_mark(row: Job) -> None:
    if row.id == DEMO_RUN:
        st.badge("Demo result", icon=":material/science:", color="blue")
    elif row.live:
        st.badge("Running", icon=":material/progress_activity:", color="orange")
    elif row.state != "done":
        st.badge(f"{row.state.capitalize()}, partial", icon=":material/info:", color="orange")


def _metric_mark(run: str) -> None:
    """That figures tell change and not quality, where they do."""
    if not reads.has_metric(run):
        st.badge(
            "Divergence only",
            icon=":material/label_off:",
            color="gray",
            help="This sweep has no task metric: its data have no labels, or its metric is "
            "measured in scores alone. Figures are the divergence from the float model: how much "
            "the answers change, not whether they get worse.",
        )


def run_title(row: Job) -> str:
    """One line that tells this run from others: workload, target, widths, start."""
    if row.id == DEMO_RUN:
        return f"{run_workload(row)} · demo"
    parts = [run_workload(row)]
    if isinstance(row.options, SweepOptions):
        widths = row.options.bits
        target = {"weight": "weights", "activation": "activations", "both": "both"}
        parts += [target[row.options.target], f"{min(widths)}–{max(widths)} bits"]
    return " · ".join([*parts, when(row.created)])


def _run_picker(run: str) -> None:
    listed = (*reads.jobs(owner(), 50), *reads.jobs(SHARED, 20))
    rows = {row.id: row for row in listed if row.kind == "sweep"}
    rows.setdefault(run, reads.job(run))
    if len(rows) < 2:
        return
    ids = list(rows)

    def picked() -> None:
        choose_run(str(st.session_state[_PICKER]))

    st.session_state[_PICKER] = run
    st.selectbox(
        "Run",
        ids,
        format_func=lambda identity: run_title(rows[identity]),
        key=_PICKER,
        on_change=picked,
        label_visibility="collapsed",
        width=270,
    )


def error_card(
    sentence: str,
    what_next: str | None = None,
    *,
    title: str = "This did not work",
    place: Place | None = None,
    label: str = "",
) -> None:
    """One sentence on what went wrong, what to do, and a link there."""
    body = plain(sentence) if what_next is None else f"{plain(sentence)}\n\n{plain(what_next)}"
    st.error(body, title=title, icon=":material/error:")
    if place is not None:
        link(place, label, icon=":material/arrow_forward:")


def empty_state(
    title: str, text: str, place: Place | None = None, label: str = "", **params: str | None
) -> None:
    """What is missing here, why, and the link to the page that makes it."""
    with st.container(border=True, horizontal_alignment="center", gap="small"):
        st.space("small")
        st.header(title, anchor=False, width="content")
        st.markdown(text, width="content", text_alignment="center")
        if place is not None:
            link(place, label, icon=":material/arrow_forward:", **params)
        st.space("small")


def plot(
    figure: Figure,
    key: str,
    alt: str | None = None,
    *,
    on_select: Callable[[Any], None] | None = None,
) -> None:
    """A plotly figure; `on_select` gets the customdata of the point that was clicked.

    Args:
        figure: made by `analysis.charts`; shared between sessions, so never changed.
        key: of this chart on this page.
        alt: one sentence for those who do not see it; None takes the figure's own.
        on_select: called with the customdata of a clicked point.
    """
    alt = alt_text(figure) if alt is None else alt
    if on_select is None:
        st.plotly_chart(figure, key=key, alt=alt, config=_PLOT_CONFIG)
        return
    event = st.plotly_chart(
        figure, key=key, alt=alt, config=_PLOT_CONFIG, on_select="rerun", selection_mode="points"
    )
    points = event["selection"]["points"]
    if points and "customdata" in points[0]:
        on_select(points[0]["customdata"])


def page_done(page: str) -> None:
    """The last thing on every page: a mark that tells a browser test it is drawn."""
    drawn = st.session_state["drawn_count"] = st.session_state.get("drawn_count", 0) + 1
    st.html(f"<span id='page-done' data-page='{page}' data-count='{drawn}' hidden></span>")
