"""Workloads as cards, the form that uploads one, and the jobs they start."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.runs.records import USUAL_SWEEP, InspectOptions, Job
from pages.ui import reads
from pages.ui.places import go
from pages.ui.sections import drop_down, fold
from pages.ui.state import Source, store, workload_sources
from pages.ui.submit import submit_job
from pages.ui.text import plain
from pages.ui.upload_delete import upload_delete
from pages.ui.upload_form import upload_form

_UPLOAD = "upload_model"


def cards(sources: tuple[Source, ...], chosen: str) -> None:
    """One card a workload, and one for the user's own; side by side where there is room."""
    with st.grid(3, min_column_width=300, gap="small"):
        for source in sources:
            with _card():
                _workload(source, source.source == chosen)
        with _card():
            _own_model()


def _card() -> DeltaGenerator:
    return st.container(border=True, height="stretch", gap="xsmall")


def _workload(source: Source, chosen: bool) -> None:
    st.header(plain(source.title), anchor=False)
    st.caption(plain(source.description))
    facts = [f"**{plain(name)}:** {plain(value)}" for name, value in source.figures]
    if source.licence:
        facts.append(f"**Licence:** {plain(source.licence)}")
    st.caption("  \n".join(facts))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if chosen:
            st.badge("Shown below", icon=":material/arrow_downward:", color="blue")
        elif st.button("Look at it", key=f"look_{source.source}"):
            look_at(source.source)
        if st.button("Sweep it", key=f"sweep_{source.source}", type="primary"):
            sweep(source)
        if source.kind == "upload":
            upload_delete(source)


def _own_model() -> None:
    st.header("Your own model", anchor=False)
    st.caption(
        "In the browser, as plain data that is never run: a state dict, ONNX, GGUF or a "
        "transformers model, with its data."
    )
    with drop_down("Upload a model", key=_UPLOAD, icon=":material/upload:") as drawn:
        source = upload_form() if drawn else None
    if source is not None:
        fold(_UPLOAD)
        look_at(source)
    st.caption(
        "From the command line, whatever PyTorch runs, with your data and metric; its card appears "
        "here:"
    )
    st.markdown(
        "`quantscope add NAME --model FILE --data DATA`  \n`quantscope ui NAME`  \n"
        "`quantscope ui my_case.py:make`"
    )


def look_at(source: str) -> None:
    """Show this workload; nobody looked at it yet: start the job that does."""
    if store().inspection_of(source) is None and inspect_job(source, live=True) is None:
        titles = {known.source: known.title for known in workload_sources()}
        submit_job("inspect", source, InspectOptions(), workload=titles.get(source, ""))
    go("model", workload=source)


def sweep(source: Source) -> None:
    """Start a sweep with the usual options and watch it."""
    job = submit_job("sweep", source.source, USUAL_SWEEP, workload=source.title)
    go("sensitivity", run=job.id)


def inspect_job(source: str, *, live: bool = False) -> Job | None:
    """The newest look at this source, of anybody; with `live` only one that is not over."""
    jobs = (job for job in reads.jobs() if job.kind == "inspect" and job.source == source)
    return next((job for job in jobs if job.live or not live), None)
