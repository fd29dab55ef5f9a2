"""A model and a data set from the browser: data only, opened by a worker before it is used."""

import streamlit as st

from analysis.errors import UnsupportedFileError
from analysis.runs.opening import store_upload
from analysis.workloads.architectures import ARCHITECTURE_FORMS
from analysis.workloads.cases.record import TASKS, Case
from analysis.workloads.cases.sent import DATA_SUFFIXES, SentFile, sent_case
from analysis.workloads.data.form import Columns, DataOptions, Text
from analysis.workloads.models.form import UPLOADED
from pages.ui.guard import guarded
from pages.ui.state import owner
from pages.ui.turns import step_aside

UPLOAD_MIB = 64


@guarded()
def upload_form() -> str | None:
    """The form; the source of what was stored once a worker has opened it."""
    with st.form("upload", border=False):
        model = st.file_uploader(
            "Model",
            type=[*(suffix[1:] for suffix in UPLOADED), "json"],
            accept_multiple_files=True,
            max_upload_size=UPLOAD_MIB,
            help="A state dict (safetensors, or what torch.save writes of it), an ONNX file, a "
            "GGUF file, or safetensors with the config.json of transformers. Nothing of it is run.",
        )
        architecture = st.selectbox(
            "Architecture of a state dict",
            list(ARCHITECTURE_FORMS),
            accept_new_options=True,
            help="A network of the list, or type timm:NAME or torchvision:NAME where the server "
            "has these libraries. ONNX, GGUF and config.json say it themselves.",
        )
        data = st.file_uploader(
            "Data",
            type=[suffix[1:] for suffix in DATA_SUFFIXES],
            max_upload_size=UPLOAD_MIB,
            help="An .npz archive with x and, where there are labels, y; a .zip with a folder of "
            "images for each class; a table; text. It is cut into three disjoint parts; without "
            "labels the figures are divergences to the float model only.",
        )
        label = st.text_input(
            "Label column of a table", placeholder="none", help="For .csv, .parquet and .jsonl."
        )
        task = st.selectbox(
            "Task",
            ("", *TASKS),
            format_func=lambda name: name or "told by the data",
            help="What the metric follows from.",
        )
        sent = st.form_submit_button("Upload and look at it", type="primary")
    if not sent:
        return None
    if not model or data is None:
        raise UnsupportedFileError(
            "An upload needs two files, the model and the data, and one of them is missing; "
            "choose both."
        )
    case, files = sent_case(
        [SentFile(file.name, file.getvalue()) for file in model],
        SentFile(data.name, data.getvalue()),
        architecture=str(architecture),
        options=_options(data.name.lower(), label.strip()),
        task=task,
        owner=owner(),
    )
    return _stored(case, files)


def _options(name: str, label: str) -> DataOptions:
    """The label column, where the data are a table."""
    if label and name.endswith((".csv", ".parquet")):
        return DataOptions(form=Columns(label=label))
    return (
        DataOptions(form=Text(label=label)) if label and name.endswith(".jsonl") else DataOptions()
    )


def _stored(case: Case, files: dict[str, bytes]) -> str:
    """Open the files in a worker, telling what it does, and store them."""
    step_aside()
    with st.status("Opening the files in a process of their own", expanded=True) as status:
        try:
            for told in store_upload(case, files):
                if isinstance(told, str):
                    status.update(label=f"{told} …")
        except Exception:
            status.update(label="The files were refused", state="error", expanded=False)
            raise
        status.update(label="Opened", state="complete", expanded=False)
    return case.source
