"""The one or two specs that are looked at, with what is known of each on the shown layer."""

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.profiles import Inspection, LayerProfile
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import SpecEffect
from analysis.runs.compute import Known
from analysis.sensitivity.points import Target
from analysis.trials import SpecLook
from pages.ui import answers
from pages.ui.layer_frames import effect_at
from pages.ui.spec_menu import asked_spec, choose_spec, default_spec, nearest
from pages.ui.text import plain

FIRST, SECOND = "spec", "spec2"
"""Parameters of the address."""

_COMPARE = "compare_specs"


@dataclass(frozen=True, slots=True)
class Side:
    """One spec on one layer.

    Attributes:
        name: "A" or "B" where two stand side by side, else empty.
        effect: what it does to the weight, or to the input; None when nobody knows.
    """

    name: str
    spec: QuantSpec
    effect: SpecEffect | None

    @property
    def title(self) -> str:
        """What to put before its figures."""
        return f"{self.name} · " if self.name else ""


def menu(found: Inspection, target: Target) -> tuple[QuantSpec, ...]:
    """The specs that were tried on the tensors when the model was looked at."""
    tried = (profile.effects_of(target) for profile in found.profiles)
    return tuple(effect.spec for effect in next(filter(None, tried), ()))


def chosen_specs(found: Inspection, place: DeltaGenerator, target: Target) -> tuple[QuantSpec, ...]:
    """Draw the controls of one spec, or of two side by side, and return where they stand.

    Args:
        found: what looking at the model found.
        place: where the switch between one and two goes.
        target: which tensor the specs are for.
    """
    first = asked_spec(FIRST, default_spec(menu(found, target), target), target)
    compared = SECOND in st.query_params
    choose_spec(FIRST, first, "A" if compared else "", target)
    if compared:
        second = asked_spec(SECOND, first, target)
        choose_spec(SECOND, second, "B", target)
    st.session_state[_COMPARE] = compared

    def changed() -> None:
        if st.session_state[_COMPARE]:
            st.query_params[SECOND] = st.query_params.get(FIRST, first.label)
        else:
            del st.query_params[SECOND]

    place.toggle("Two specs side by side", key=_COMPARE, on_change=changed)
    return (first, second) if compared else (first,)


def sides_of(
    profile: LayerProfile,
    specs: tuple[QuantSpec, ...],
    known: Known | None,
    target: Target = "weight",
) -> tuple[Side, ...]:
    """What each spec does to this layer; says so where only a neighbour of it is known."""
    names = ("A", "B") if len(specs) > 1 else ("",)
    pairs = zip(names, specs, strict=True)
    return tuple(_side(name, profile, spec, known, target) for name, spec in pairs)


def _side(
    name: str, profile: LayerProfile, spec: QuantSpec, known: Known | None, target: Target
) -> Side:
    tried = profile.effects_of(target)
    effect = effect_at(tried, spec)
    if effect is not None:
        return Side(name, spec, effect)
    answer = answers.tried(known, target, spec.label)
    if isinstance(answer, SpecLook):
        return Side(name, spec, answer.effect)
    if isinstance(answer, str):
        st.warning(plain(answer))
    if not tried:
        return Side(name, spec, None)
    near = nearest([known_effect.spec for known_effect in tried], spec)
    st.caption(
        f"{plain(spec.label)} was not tried on this layer; shown is the nearest spec, "
        f"{plain(near.label)}."
    )
    return Side(name, near, effect_at(tried, near))
