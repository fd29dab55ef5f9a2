"""Choosing a spec from those that were tried: four controls, one label in the address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from analysis.errors import OptionError
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from pages.ui.text import plain

_KEY = "spec_"


def _granularity(spec: QuantSpec) -> str:
    return spec.label.split()[2]


@dataclass(frozen=True, slots=True)
class _Part:
    """One control: what it is called and what it reads from a spec."""

    name: str
    title: str
    help: str

    def of(self, spec: QuantSpec) -> Any:
        """This part of a spec, as the control shows it."""
        return {
            "bits": spec.bits,
            "symmetry": "symmetric" if spec.format.symmetric else "asymmetric",
            "granularity": _granularity(spec),
            "range": spec.range_method,
        }[self.name]


PARTS = (
    _Part("bits", "Bits", "Width of one integer code."),
    _Part("symmetry", "Zero-point", "Symmetric fixes it at 0; asymmetric lets the range shift."),
    _Part("granularity", "Granularity", "Which weights share one scale."),
    _Part("range", "Range", "How the range that the codes span is found."),
)


def default_spec(menu: Sequence[QuantSpec]) -> QuantSpec:
    """What is shown without being asked: the library's default at 4 bits, or the nearest to it."""
    return nearest(menu, WEIGHT_SPEC.with_bits(4))


def nearest(menu: Sequence[QuantSpec], wanted: QuantSpec) -> QuantSpec:
    """The spec of the menu that shares most parts with `wanted`; nearer widths break ties.

    The menu must not be empty.
    """

    def distance(spec: QuantSpec) -> tuple[int, int]:
        differing = sum(part.of(spec) != part.of(wanted) for part in PARTS)
        return (differing, abs(spec.bits - wanted.bits))

    return min(menu, key=distance)


def _asked_spec(menu: Sequence[QuantSpec]) -> QuantSpec:
    """The spec of the address, or the nearest one that was tried, saying so."""
    asked = st.query_params.get("spec")
    if not asked:
        return default_spec(menu)
    try:
        wanted = QuantSpec.parse(asked)
    except OptionError as error:
        st.warning(plain(str(error)))
        return default_spec(menu)
    found = nearest(menu, wanted)
    if found != wanted:
        st.caption(f"{wanted.label} was not tried on these layers; shown is the nearest spec.")
    return found


def chosen_spec(menu: Sequence[QuantSpec]) -> QuantSpec:
    """Draw the four controls and return the spec they stand at; the address follows them."""
    now = _asked_spec(menu)
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        for part in PARTS:
            _control(part, menu, now)
    return now


def _control(part: _Part, menu: Sequence[QuantSpec], now: QuantSpec) -> None:
    key = _KEY + part.name
    options = sorted({part.of(spec) for spec in menu})
    st.session_state[key] = part.of(now)

    def changed() -> None:
        value = st.session_state[key]
        matching = [spec for spec in menu if part.of(spec) == value]
        if matching:
            st.query_params["spec"] = nearest(matching, now).label

    st.segmented_control(
        part.title,
        options,
        key=key,
        on_change=changed,
        required=True,
        help=part.help,
        disabled=len(options) < 2,
    )
