"""Workloads as cards, the form that uploads one, and the jobs they start."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.errors import UnsupportedFileError
from analysis.runs.records import InspectOptions, Job, SweepOptions
from analysis.workloads.architectures import ARCHITECTURE_FORMS
from analysis.workloads.upload import save_upload
from pages.ui.guard import guarded
from pages.ui.places import go
from pages.ui.state import Source, owner, store, workload_sources
from pages.ui.submit import submit_job
from pages.ui.text import plain

UPLOAD_MIB = 64


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


def _own_model() -> None:
    st.header("Your own model", anchor=False)
    st.caption(
        "Any PyTorch model, with your data and metric, from a small Python file. "
        "Start the app with it and its card appears here:"
    )
    st.markdown("`quantscope ui my_case.py:make`")
    st.caption("Or bring weights and data for a built-in network in the browser, as plain data:")
    with st.popover("Upload weights", icon=":material/upload:"):
        upload_form()


def look_at(source: str) -> None:
    """Show this workload; nobody looked at it yet: start the job that does."""
    if store().inspection_of(source) is None and inspect_job(source, live=True) is None:
        titles = {known.source: known.title for known in workload_sources()}
        submit_job("inspect", source, InspectOptions(), workload=titles.get(source, ""))
    go("model", workload=source)


def sweep(source: Source) -> None:
    """Start a sweep with the usual options and watch it."""
    job = submit_job("sweep", source.source, SweepOptions(method="anytime"), workload=source.title)
    go("sensitivity", run=job.id)


def inspect_job(source: str, *, live: bool = False) -> Job | None:
    """The newest look at this source, of anybody; with `live` only one that is not over."""
    jobs = (job for job in store().jobs() if job.kind == "inspect" and job.source == source)
    return next((job for job in jobs if job.live or not live), None)


@guarded()
def upload_form() -> None:
    """Weights and data from the browser: data only, for a network of the built-in list."""
    with st.form("upload", border=False):
        architecture = st.selectbox(
            "Architecture",
            list(ARCHITECTURE_FORMS),
            format_func=lambda name: ARCHITECTURE_FORMS[name].title,
            help="Uploaded files are data and never run as code, so the network must be built in.",
        )
        model = st.file_uploader(
            "Weights: a safetensors state dict",
            type=["safetensors"],
            max_upload_size=UPLOAD_MIB,
        )
        data = st.file_uploader(
            "Data: an .npz archive with images x and labels y",
            type=["npz"],
            max_upload_size=UPLOAD_MIB,
            help="They are cut into calibration, sweep and evaluation parts; or bring them cut, "
            "as x_calibration, y_calibration, x_sweep, … y_evaluation.",
        )
        sent = st.form_submit_button("Upload and look at it", type="primary")
    if not sent:
        return
    if model is None or data is None:
        raise UnsupportedFileError(
            "An upload needs two files, the weights and the data, and one of them is missing; "
            "choose both."
        )
    source = save_upload(
        str(architecture),
        model.getvalue(),
        data.getvalue(),
        model_name=model.name,
        data_name=data.name,
        owner=owner(),
    )
    look_at(source)
