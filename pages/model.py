"""Choose a workload, upload one, look at its layers, start a sweep."""

import streamlit as st

from analysis.errors import UnknownWorkloadError
from analysis.workloads.equalized import plain_source
from pages.ui import architecture, reads
from pages.ui.controls import empty_state, error_card, page_header
from pages.ui.progress import ended_badly, watch
from pages.ui.state import current_run, store, workload_sources
from pages.ui.text import plain
from pages.ui.workload_cards import cards, inspect_job, look_at
from pages.ui.zoo_cards import zoo_cards

sources = workload_sources()
asked = st.query_params.get("workload")
chosen = asked or plain_source(reads.job(current_run()).source)
entry = next((source for source in sources if source.source == chosen), None)
if entry is None and asked:
    raise UnknownWorkloadError(
        f"There is no workload {asked!r:.80} here (any more); choose one of the cards below."
    )

page_header("Model", note="What is analysed: a network, its data and its metric.")
cards(sources, chosen)
zoo_cards()

found = store().inspection_of(chosen)
if found is not None:
    title = entry.title if entry else found.workload
    architecture.show(title, found, reads.sensitivities_of(found.fingerprint), chosen)
else:
    st.header(plain(entry.title if entry else chosen), anchor=False)
    job = inspect_job(chosen)
    if job is not None and job.live:
        watch(job.id)
    else:
        if ended_badly(job) and job is not None:
            error_card(job.error or "The last look at this workload was cancelled.")
        empty_state(
            "Nobody looked at this workload yet",
            "A look loads the model, finds its layers and bins their weights and inputs. "
            "It takes seconds.",
        )
        if st.button("Look at it", type="primary", key="look_now"):
            look_at(chosen)
