"""Choice of the hardware, and what it objects to in the recipe before anything is applied."""

import streamlit as st

from analysis.allocation.frontier import FrontierPoint
from analysis.errors import AnalysisError
from analysis.hardware.check import ProfileWarning, check_recipe
from analysis.hardware.figures import hardware_cost
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads
from pages.ui.controls import error_card
from pages.ui.desk import Desk, solve_at, tell_problem
from pages.ui.hardware import ANY, choose_profile, current_profile, offered
from pages.ui.hardware_sources import hardware_sources, takes
from pages.ui.text import bytes_text, number_text, plain

_KEY = "recipe_hardware"
SHOWN = 1
"""So many objections are shown at once; they are long, and the rest is behind a click."""


def reachable(desk: Desk) -> tuple[FrontierPoint, ...]:
    """The frontier on the chosen hardware; that of all options where it can run nothing."""
    try:
        return reads.frontier(desk.run, current_profile())
    except AnalysisError:
        return reads.frontier(desk.run)


def hardware_panel(desk: Desk, result: Sensitivities, recipe: Recipe) -> None:
    """The choice, what the hardware says about this recipe, and a way to fit the recipe to it."""
    known = offered()
    chosen = current_profile()
    st.session_state[_KEY] = ANY if chosen is None else chosen.name
    st.selectbox(
        "Hardware",
        [ANY, *known],
        format_func=lambda name: known[name].title if name in known else "Any hardware",
        key=_KEY,
        on_change=_chosen,
        help="Only what its kernels take is offered, and it is said what they refuse. "
        "Nothing changes before you say so.",
    )
    if chosen is None:
        return
    st.caption(f"It takes {takes(chosen, result.layers)}.")
    # with the groups that were found: what was taken apart by hand is merged there all the same
    found = check_recipe(chosen, reads.found_layers(desk.run), recipe)
    try:
        reads.frontier(desk.run, chosen)
    except AnalysisError as error:
        error_card(
            str(error),
            title="This hardware cannot run what was swept",
            place="sensitivity",
            label="Sweep with what it takes",
        )
    else:
        _objections(desk, chosen, found)
    _about(chosen, result, recipe)


def _chosen() -> None:
    try:
        choose_profile(str(st.session_state[_KEY]))
    except AnalysisError as error:
        tell_problem(error)


def _objections(desk: Desk, chosen: HardwareProfile, found: tuple[ProfileWarning, ...]) -> None:
    if not found:
        st.success(f"{plain(chosen.title)} runs this recipe as it is.", icon=":material/memory:")
        return
    count = len({warning.layer for warning in found if warning.layer is not None})
    title = f"{plain(chosen.title)} objects to {count} layer{'' if count == 1 else 's'}"
    lines = [plain(warning.sentence) for warning in found]
    st.warning("\n\n".join(lines[:SHOWN]), title=title, icon=":material/memory:")
    if len(lines) > SHOWN:
        with st.expander(f"{len(lines) - SHOWN} more"):
            st.markdown("\n".join(f"- {line}" for line in lines[SHOWN:]))
    smallest = reads.frontier(desk.run, chosen)[0].weight_bytes
    st.button(
        "Fit the recipe to it",
        icon=":material/build:",
        key="recipe_fit_hardware",
        on_click=solve_at,
        args=(max(desk.draft.now.weight_bytes, smallest),),
        help="Solve again with what its kernels take, for the present limit or the least that it "
        "needs; locks stay.",
    )


def _about(chosen: HardwareProfile, result: Sensitivities, recipe: Recipe) -> None:
    cost = hardware_cost(result.layers, recipe, chosen)
    parts = [f"Largest activations {bytes_text(cost.peak_activation_bytes)}"]
    if cost.latency_ms is not None and chosen.latency is not None:
        parts.append(f"{number_text(cost.latency_ms)} ms a sample ({plain(chosen.latency.basis)})")
    if cost.energy_uj is not None and chosen.energy is not None:
        parts.append(f"{number_text(cost.energy_uj)} µJ a sample ({plain(chosen.energy.basis)})")
    notes = f" {plain(chosen.notes)}" if chosen.notes else ""
    st.caption(f"{'; '.join(parts)}.{notes}")
    hardware_sources(chosen)
