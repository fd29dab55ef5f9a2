"""Which layers share a decision and why, and the way to split and join them, kept for the run."""

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from analysis.allocation.groupings import (
    Grouping,
    SharedDecision,
    joined,
    shared_decisions,
    split_decisions,
    taken_apart,
)
from analysis.allocation.options import decision_groups
from analysis.allocation.posed import picks_of
from analysis.allocation.regroup import regroup
from analysis.errors import AnalysisError, OptionError
from analysis.layers import Layer
from analysis.runs.jobs import SHARED
from analysis.sensitivity.points import Sensitivities
from pages.ui import draft as drafts
from pages.ui import reads
from pages.ui.desk import Desk, change, recipe_of, solved, tell_problem
from pages.ui.draft import Draft
from pages.ui.hardware import current_profile
from pages.ui.state import owner, store
from pages.ui.text import plain

GROUPS_KEY = "recipe_groups"
_JOIN, _SPLIT = "groups_join", "groups_split"
_SHARES = {"decision": "Weights and inputs", "inputs": "Inputs"}
NAMED = 6
"""So many layers of a group are named in the table."""


def groups_panel(desk: Desk, result: Sensitivities) -> None:
    """What was found or edited, and the controls for the person who owns the run."""
    found = reads.found_layers(desk.run)
    shared = shared_decisions(found, result.layers)
    _table(shared)
    _splits(split_decisions(found, result.layers))
    if reads.job(desk.run).owner not in (owner(),):
        whose = "is shared" if reads.job(desk.run).owner == SHARED else "belongs to somebody else"
        st.caption(f"This run {whose}, so its groups can be changed in a sweep of your own.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.multiselect(
            "Layers",
            [layer.name for layer in result.layers],
            key=_JOIN,
            placeholder="Two or more layers",
            width=420,
        )
        st.button(
            "Join",
            icon=":material/link:",
            key="groups_do_join",
            on_click=_join,
            args=(desk.run,),
            help="They take one decision from now on, with those they share one with already.",
        )
    apart = {_title(one): one for one in shared if len(one.layers) > 1}
    if apart:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            chosen = st.selectbox("Group", list(apart), key=_SPLIT, width=420)
            st.button(
                "Take apart",
                icon=":material/link_off:",
                key="groups_do_split",
                on_click=_split,
                args=(desk.run, apart.get(chosen)),
                help="Each of its layers is decided alone; what hardware merges it may refuse.",
            )
    st.button(
        "Back to what was found",
        icon=":material/restart_alt:",
        key="groups_reset",
        disabled=not store().groups(desk.run).changed,
        on_click=_edit,
        args=(desk.run, lambda _layers, _edited: Grouping()),
    )
    st.caption("The groups are kept for this run: solving, the verdict and scores respect them.")


def _table(shared: Sequence[SharedDecision]) -> None:
    if not shared:
        st.caption("Every layer is decided alone: nothing in this network ties them together.")
        return
    rows = [
        {
            "Layers": _listed(one.layers),
            "Share": _SHARES[one.what],
            "Because": one.why,
        }
        for one in shared
    ]
    st.table(
        pd.DataFrame(rows).set_index("Layers"),
        border="horizontal",
        alt="Layers that share a decision, what they share, and why",
    )


def _splits(split: Sequence[SharedDecision]) -> None:
    """What was taken apart although hardware merges it."""
    if not split:
        return
    profile = current_profile()
    who = "Runtimes that merge them" if profile is None else plain(profile.title)
    lines = "; ".join(f"{_listed(one.layers)} ({one.why})" for one in split)
    st.warning(
        f"Taken apart by hand: {lines}. {who} may refuse a recipe in which they differ.",
        icon=":material/link_off:",
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(plain(name) for name in names[:NAMED]) + more


def _title(one: SharedDecision) -> str:
    return f"{one.name} ({len(one.layers)} layers{', inputs' if one.what == 'inputs' else ''})"


def _join(run: str) -> None:
    names = list(st.session_state.get(_JOIN, ()))
    _edit(run, lambda layers, edited: joined(layers, edited, names))
    st.session_state[_JOIN] = []


def _split(run: str, shared: SharedDecision | None) -> None:
    if shared is not None:
        _edit(run, lambda layers, edited: taken_apart(layers, edited, shared))


def _edit(run: str, how: Callable[[Sequence[Layer], Grouping], Grouping]) -> None:
    """Keep other groups, and solve again where the recipe breaks them; for callbacks."""
    try:
        result = reads.sensitivities(run)
        if result is None:
            return
        edited = how(result.layers, store().groups(run))
        check_options(result, edited)
        store().save_groups(run, edited, owner=owner())
    except AnalysisError as error:
        tell_problem(error)
        return
    change(_fitted)


def check_options(result: Sensitivities, edited: Grouping) -> None:
    """Refuse groups whose layers have nothing in common.

    Raises:
        OptionError: names the first of them.
    """
    fresh = regroup(result, edited.groups, inputs=edited.inputs)
    try:
        decision_groups(fresh, {})
    except OptionError:
        decision_groups(
            result, {}
        )  # its own trouble, such as a sweep that is too short, goes first
        raise OptionError(
            "Layers that share a decision must have an option that was swept on all of them, and "
            "these have none in common; join others, or sweep them alike."
        ) from None


def _fitted(desk: Desk, result: Sensitivities) -> Draft:
    """The draft; solved again where it breaks a group."""
    now = desk.draft.now
    try:
        picks_of(decision_groups(result, {}), recipe_of(result, now, desk.name))
    except OptionError:
        return drafts.moved(desk.draft, solved(result, now))
    return desk.draft
