"""Workloads as cards, the form that uploads one, and the jobs they start."""

import streamlit as st

from analysis.errors import UnsupportedFileError
from analysis.runs.records import InspectOptions, Job, SweepOptions
from analysis.workloads.architectures import ARCHITECTURE_FORMS
from analysis.workloads.upload import save_upload
from pages.ui.guard import guarded
from pages.ui.places import go
from pages.ui.state import Source, owner, store
from pages.ui.text import plain

UPLOAD_MIB = 64


def cards(sources: tuple[Source, ...], chosen: str) -> None:
    """One card a workload, side by side where there is room."""
    with st.grid(3, min_column_width=300, gap="small"):
        for source in sources:
            with st.container(border=True, height="stretch", gap="xsmall"):
                _card(source, source.source == chosen)


def _card(source: Source, chosen: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.subheader(plain(source.title), anchor=False, width="content")
        st.badge(source.kind.capitalize(), color="gray")
        if chosen:
            st.badge("Shown below", icon=":material/arrow_downward:", color="blue")
    st.caption(plain(source.description))
    if source.figures:
        facts = [f"**{plain(name)}** {plain(value)}" for name, value in source.figures]
        st.markdown("  \n".join(facts))
    if source.licence:
        st.caption(f"Licence: {plain(source.licence)}")
    with st.container(horizontal=True, gap="small", key=f"actions_{source.source}"):
        if not chosen and st.button("Look at it", key=f"look_{source.source}"):
            look_at(source.source)
        if st.button("Sweep it", key=f"sweep_{source.source}", type="primary"):
            sweep(source)


def look_at(source: str) -> None:
    """Show this workload; nobody looked at it yet: start the job that does."""
    if store().inspection_of(source) is None and inspect_job(source, live=True) is None:
        store().submit("inspect", source, InspectOptions(), owner=owner())
    go("model", workload=source)


def sweep(source: Source) -> None:
    """Start a sweep with the usual options and watch it."""
    job = store().submit(
        "sweep", source.source, SweepOptions(), owner=owner(), workload=source.title
    )
    go("sensitivity", run=job.id)


def inspect_job(source: str, *, live: bool = False) -> Job | None:
    """The newest look at this source, of anybody; with `live` only one that is not over."""
    jobs = (job for job in store().jobs() if job.kind == "inspect" and job.source == source)
    return next((job for job in jobs if job.live or not live), None)


@guarded()
def upload_form() -> None:
    """Weights and data from the browser: data only, for a network of the built-in list."""
    with st.form("upload", clear_on_submit=False):
        architecture = st.selectbox(
            "Architecture",
            list(ARCHITECTURE_FORMS),
            format_func=lambda name: ARCHITECTURE_FORMS[name].title,
            help="Uploaded files are data and never run as code, so the network must be built in.",
        )
        left, right = st.columns(2)
        model = left.file_uploader(
            "Weights: a safetensors state dict",
            type=["safetensors"],
            max_upload_size=UPLOAD_MIB,
        )
        data = right.file_uploader(
            "Data: an .npz archive with `x` (images) and `y` (labels)",
            type=["npz"],
            max_upload_size=UPLOAD_MIB,
            help="`x` is cut into calibration, sweep and evaluation parts; or bring them cut, "
            "as `x_calibration`, `y_calibration`, `x_sweep`, … `y_evaluation`.",
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
