"""How a sweep ended, said in one card, with the way on."""

from collections.abc import Sequence

import streamlit as st

from analysis.errors import UnknownRunError
from analysis.quant.spec import QuantSpec
from analysis.runs.records import Job, SweepOptions
from analysis.sensitivity.points import Scheme, Sensitivities, Targets
from pages.ui import reads
from pages.ui.controls import error_card
from pages.ui.places import go
from pages.ui.state import owner, run_workload, store
from pages.ui.sweep_form import start
from pages.ui.text import duration, plain

TENSORS: dict[Targets, str] = {
    "weight": "weights",
    "activation": "activations",
    "both": "weights and activations",
}


def sweep_note(row: Job) -> str:
    """One line under the title: workload, what was swept, how long it took."""
    parts = [plain(run_workload(row))]
    if isinstance(row.options, SweepOptions):
        options = row.options
        parts.append(f"{options.method} sweep of {TENSORS[options.target]}")
        if options.target != "activation":
            families = options.weight_families or (options.weight_spec,)
            parts.append(f"weights {_how(options.weight_scheme, options.weight_spec, families)}")
        if options.target != "weight":
            spec = options.activation_spec
            families = options.activation_families or (spec,)
            parts.append(f"activations {_how(options.activation_scheme, spec, families)}")
    if row.state == "done" and row.started is not None and row.ended is not None:
        parts.append(f"took {duration(row.ended - row.started)}")
    return " · ".join(parts)


def _how(scheme: Scheme, spec: QuantSpec, families: Sequence[QuantSpec]) -> str:
    """How tensors are quantised, whatever the width."""
    if scheme == "fixed":
        return spec.label.split(maxsplit=1)[1]
    kinds = [base.kernel.removeprefix("int8 ") for base in families]
    return f"chosen for each layer and width ({' or '.join(kinds)})"


def measured(row: Job) -> Sensitivities | None:
    """What the sweep has measured; None when it ended before its first cell."""
    try:
        result = reads.sensitivities(row.id)
    except UnknownRunError:
        return None
    return result if result is not None and result.points else None


def state_card(row: Job) -> None:
    """Why a sweep ended early, and buttons to go on; nothing for one that is done."""
    if row.state == "done":
        return
    kept = None
    if row.total:
        kept = f"What was measured is kept: {row.done:,} of {row.total:,} cells' worth."
    if row.state == "failed":
        error_card(row.error or "The sweep failed.", kept, title="The sweep failed")
    else:
        st.warning(
            f"It was stopped before its end. {kept or ''}",
            title="The sweep was cancelled",
            icon=":material/cancel:",
        )
    with st.container(horizontal=True):
        if row.owner == owner() and st.button(
            "Go on", type="primary", icon=":material/resume:", key="resume_sweep"
        ):
            store().resume(row.id, owner=owner())
            go("sensitivity", run=row.id)
        if st.button("Run again", icon=":material/replay:", key="repeat_sweep") and isinstance(
            row.options, SweepOptions
        ):
            start(row.source, row.workload, row.options)
