"""Every layer in a table, one of them large: what it holds and what a spec does to it."""

import streamlit as st

from pages.ui import answers, layer_detail, layer_input, layer_table, reads, swept_specs
from pages.ui.controls import empty_state, page_header
from pages.ui.layer_sides import chosen_specs
from pages.ui.layer_target import chosen_target
from pages.ui.progress import watch
from pages.ui.state import current_run, run_workload
from pages.ui.text import plain
from pages.ui.workload_cards import inspect_job, look_at

run = current_run()
job = reads.job(run)
fingerprint = st.query_params.get("model") or job.fingerprint
found = reads.inspection(fingerprint) if fingerprint else None

if found is None:
    page_header("Layers", run=run)
    look = inspect_job(job.source, live=True)
    if look is not None:
        watch(look.id)
    else:
        empty_state(
            "Nobody looked at these weights yet",
            "A look loads the model and bins the weights and inputs of every layer. "
            "It takes seconds.",
        )
        if st.button(f"Look at {plain(run_workload(job))}", type="primary"):
            look_at(job.source)
elif not found.profiles:
    page_header("Layers", note=plain(found.workload))
    empty_state("This model has no layer that can be quantised", "", "model", "Choose another")
else:
    own = fingerprint == job.fingerprint
    note = None if own else plain(found.workload)
    place = page_header("Layers", run=run if own else None, note=note)
    with place:
        target = chosen_target()
    specs = chosen_specs(found, place, target)
    source = job.source if own else answers.source_of(found.fingerprint)
    sensitivities = reads.sensitivities_of(found.fingerprint)
    left, right = st.columns([5, 8], gap="small")
    with left:
        layer = layer_table.table(found, specs[0], sensitivities, source, target)
        swept_specs.show(sensitivities, layer, target)
    with right:
        detail = layer_detail if target == "weight" else layer_input
        detail.show(found, layer, specs, source)
