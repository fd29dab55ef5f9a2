"""Runs: everything that was started, with state, owner, cost and links; compare two."""

import streamlit as st

from pages.ui.controls import empty_state, page_header
from pages.ui.run_actions import run_actions
from pages.ui.run_compare import run_compare
from pages.ui.run_import import run_import
from pages.ui.runs_list import at_work, runs_table, visible_jobs
from pages.ui.sections import section

page_header("Runs", note="Sweeps, scores and looks: yours, and those shared with everybody.")
jobs = visible_jobs()
if not jobs:
    empty_state(
        "Nothing was run yet",
        "Choose a workload and sweep it; every run is kept here.",
        "model",
        "Choose a workload",
    )
else:
    at_work(jobs)
    chosen = runs_table(jobs)
    if chosen is None:
        st.caption("Choose a row to open, export or delete that run.")
    else:
        run_actions(chosen)
    st.subheader("Compare two sweeps", anchor=False)
    run_compare(jobs)
with section("Import a run", key="run_import", icon=":material/upload:") as drawn:
    if drawn:
        run_import()
