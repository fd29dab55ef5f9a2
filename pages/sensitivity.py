"""Sensitivity: start a sweep, watch it fill in, read where it hurts."""

import streamlit as st

from pages.ui import reads
from pages.ui.controls import empty_state, error_card, page_header
from pages.ui.live_sweep import live_sweep
from pages.ui.proxy_view import proxy_section
from pages.ui.sections import section
from pages.ui.state import current_run
from pages.ui.sweep_form import SECTION, sweep_form
from pages.ui.sweep_state import measured, state_card, sweep_note
from pages.ui.sweep_view import sweep_view

run = current_run()
row = reads.job(run)
asked = st.query_params.get("workload")

page_header("Sensitivity", run=run, note=sweep_note(row))
with section(
    "Start a sweep",
    key=SECTION,
    icon=":material/play_arrow:",
    expanded=asked is not None,
) as drawn:
    if drawn:
        sweep_form(asked or row.source)

if row.kind != "sweep":
    error_card(
        f"The run in this link must be a sweep, and it is a {row.kind} job.",
        place="runs",
        label="Open the list of runs",
    )
elif row.live:
    live_sweep(run)
else:
    state_card(row)
    result = measured(row)
    if result is not None:
        sweep_view(run, result)
        proxy_section(row, result)
    else:
        empty_state(
            "Nothing was measured",
            "This sweep ended before its first cell. Start another one above.",
        )
