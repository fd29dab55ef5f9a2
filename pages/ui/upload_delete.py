"""A visitor's own upload, taken off the server: two clicks, the second one deletes."""

import streamlit as st

from analysis.workloads.cases.folders import delete_upload
from analysis.workloads.equalized import plain_source
from pages.ui.guard import guarded
from pages.ui.places import go
from pages.ui.state import Source, owner, store

_ASKED = "upload_delete_asked"


@guarded()
def upload_delete(source: Source) -> None:
    """The button, and the question once it was clicked."""
    busy = any(job.live and plain_source(job.source) == source.source for job in store().jobs())
    if st.session_state.get(_ASKED) != source.source or busy:
        st.button(
            "Delete",
            key=f"delete_{source.source}",
            icon=":material/delete:",
            disabled=busy,
            on_click=lambda: st.session_state.update({_ASKED: source.source}),
            help="A job works on it; cancel that first."
            if busy
            else "Takes the model and the data off this server.",
        )
        return
    st.markdown("Delete model and data? Its runs stay, without a way to run more.")
    if st.button(
        "Yes, delete",
        key=f"delete_yes_{source.source}",
        type="primary",
        icon=":material/delete_forever:",
    ):
        st.session_state.pop(_ASKED)
        delete_upload(source.source, owner=owner())
        go("model")
    if st.button("Keep it", key=f"delete_no_{source.source}"):
        st.session_state.pop(_ASKED)
        st.rerun()
