"""What a sweep asks of the machine: workers and memory."""

import streamlit as st

from analysis.errors import OptionError, WorkloadError
from analysis.runs.jobs import sweep_keywords
from analysis.runs.records import SweepOptions
from analysis.sensitivity.machine import cores, free_bytes
from analysis.sensitivity.memory import check_memory, expected_memory
from analysis.sensitivity.options import SweepOptions as Asked
from pages.ui.state import store


def workers_control() -> int:
    """How many processes share the samples, up to one for each core."""
    most = cores()
    chosen = st.number_input(
        "Workers",
        min_value=1,
        max_value=most,
        value=1,
        disabled=most == 1,
        key="sweep_workers",
        help="Processes that share the samples, each with one thread and its own copy of the "
        f"model. The figures are the same whatever their number. This machine has {most} "
        f"core{'s' if most > 1 else ''}.",
    )
    return int(chosen)


def memory_fits(source: str, options: SweepOptions) -> bool:
    """Say how much memory the sweep should take; False where the machine has less.

    Nothing is said of a workload that nobody looked at yet.
    """
    known = store().inspection_of(source)
    if known is None or known.memory is None or not options.bits:
        return True
    try:
        asked = Asked(**sweep_keywords(options)).memory(known.samples.sweep)
    except OptionError:
        return True  # whoever starts it so is told why not
    need, free = expected_memory(known.memory, known.layers, asked), free_bytes()
    try:
        check_memory(need, free)
    except WorkloadError as error:
        st.caption(f":red[{error}]")
        return False
    st.caption(need.sentence(free))
    return True
