"""Cause and remedy: what hurts this layer, and a button that measures the remedy."""

from collections.abc import Sequence

import streamlit as st

from analysis.diagnosis.case import Case, Finding
from analysis.diagnosis.diagnose import diagnose, diagnose_input
from analysis.errors import ComputeError
from analysis.profiles import Inspection
from analysis.quant.stats import SpecEffect
from analysis.runs.compute import Known
from analysis.sensitivity.points import Target
from analysis.trials import Trial
from pages.ui import answers, reads
from pages.ui.layer_sides import FIRST, SECOND, Side
from pages.ui.text import number_text, plain, samples_text

_TRIED = "remedies_tried"
MANY = 4
"""Findings shown; the first ones weigh most."""


def show(
    found: Inspection, place: int, side: Side, seen: SpecEffect | None, known: Known | None
) -> None:
    """The findings on one layer at one spec, each with its remedy."""
    names = [layer.name for layer in found.layers]
    result = reads.sensitivities_of(found.fingerprint)
    findings = diagnose(
        Case(
            found.profiles[place],
            side.spec,
            side.effect,
            seen,
            names[place + 1] if place + 1 < len(names) else None,
            result.leading("weight") if result is not None else (),
        )
    )
    _listed(findings, side, known, "weight")


def show_input(found: Inspection, place: int, side: Side, known: Known | None) -> None:
    """The findings on one layer's input at one spec."""
    case = Case(found.profiles[place], side.spec, seen=side.effect)
    _listed(diagnose_input(case), side, known, "activation")


def _listed(findings: Sequence[Finding], side: Side, known: Known | None, shown: Target) -> None:
    with st.container(border=True, gap="small"):
        st.subheader("Cause and remedy", anchor=False)
        if not findings:
            tensor = "layer" if shown == "weight" else "layer's input"
            st.caption(f"No rule finds fault with {plain(side.spec.label)} on this {tensor}.")
        for number, finding in enumerate(findings[:MANY]):
            _finding(number, finding, known, shown)


def _finding(number: int, finding: Finding, known: Known | None, shown: Target) -> None:
    st.markdown(f"**{plain(finding.title)}.** {plain(finding.sentence)}")
    asked = None if known is None else (known.layer, finding.before.label, finding.remedy.label)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if st.button(
            "Try it",
            key=f"try_{number}",
            icon=":material/science:",
            disabled=known is None,
            help="Measures the network with only this tensor quantised, before and after, on "
            "drawn sweep samples."
            if known is not None
            else "This server does not offer the workload, so nothing can be measured.",
        ):
            st.session_state[_TRIED] = {*st.session_state.get(_TRIED, ()), asked}
        if finding.target == shown:
            _side_by_side(number, finding)
        st.caption(f"Remedy: {plain(finding.remedy.label)}", width="content")
    if known is not None and asked in st.session_state.get(_TRIED, ()):
        _measured(known, finding)


def _side_by_side(number: int, finding: Finding) -> None:
    def step() -> None:
        st.query_params[FIRST] = finding.before.label
        st.query_params[SECOND] = finding.remedy.label

    st.button("Side by side", key=f"beside_{number}", on_click=step, type="tertiary")


def _measured(known: Known, finding: Finding) -> None:
    try:
        trial = answers.trial(known, finding.target, finding.before.label, finding.remedy.label)
    except ComputeError as error:
        st.warning(plain(str(error)))
        return
    with st.grid(3, min_column_width=150, gap="small"):
        st.metric("Before", number_text(trial.before.divergence), border=True, height="stretch")
        st.metric("After", number_text(trial.after.divergence), border=True, height="stretch")
        st.metric(
            "Change",
            change_text(trial),
            border=True,
            height="stretch",
            help="Of the divergence, paired over the samples.",
        )
    st.caption(trial_sentence(trial))


def change_text(trial: Trial) -> str:
    """How the divergence moved: ``3.2 × lower``, ``1.4 × higher``, ``not told apart``."""
    before, after = trial.before.divergence, trial.after.divergence
    if trial.low <= 0 <= trial.high:
        return "not told apart"
    if min(before, after) == 0:
        return "to zero" if after == 0 else "from zero"
    times = max(before, after) / min(before, after)
    return f"{number_text(times, 2)} × {'lower' if after < before else 'higher'}"


def trial_sentence(trial: Trial) -> str:
    """What was measured, on what, and how sure it is."""
    unit = "KL, nats" if trial.divergence == "kl" else "relative squared error"
    tensor = "weights" if trial.target == "weight" else "input"
    return plain(
        f"Divergence ({unit}) with only this layer's {tensor} quantised, measured on "
        f"{trial.samples:,} of {samples_text(trial.total, 'sweep')}; before "
        f"{number_text(trial.before.low)} to {number_text(trial.before.high)}, after "
        f"{number_text(trial.after.low)} to {number_text(trial.after.high)}, reduction "
        f"{number_text(trial.low)} to {number_text(trial.high)} (95 % intervals)."
    )
