"""A run exported elsewhere, taken into this store."""

from uuid import uuid4

import streamlit as st

from analysis import serial
from analysis.errors import RunError
from analysis.runs.bundle import import_bundle
from pages.ui.controls import error_card
from pages.ui.guard import guarded
from pages.ui.places import go
from pages.ui.state import choose_run, owner, store
from pages.ui.text import bytes_text

IMPORT_BYTES = 64_000_000
"""Largest run bundle that is read."""


@guarded()
def run_import() -> None:
    """Upload a run bundle; it becomes a run of this visitor's own and is opened."""
    with st.form("import_run", border=False):
        uploaded = st.file_uploader("Run bundle (JSON, from the export of a run)", type=["json"])
        sent = st.form_submit_button("Import", icon=":material/upload:")
    st.caption(
        "An imported run is listed for you alone, opens for whoever has its link, and can be "
        "deleted like any other of yours."
    )
    if not sent:
        return
    if uploaded is None:
        error_card("An import needs the file of an exported run; choose one first.")
        return
    run = uuid4().hex
    document = serial.parse_object(_text(uploaded.getvalue()), RunError, "run")
    import_bundle(store(), document, run, owner=owner())
    choose_run(run)
    go("sensitivity", run=run)


def _text(content: bytes) -> str:
    if len(content) > IMPORT_BYTES:
        raise RunError(
            f"A run bundle may have {bytes_text(IMPORT_BYTES)}, and this one has "
            f"{bytes_text(len(content))}; it is none of ours."
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise RunError("A run bundle must be UTF-8 text, and this file is not.") from None
