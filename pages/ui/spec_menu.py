"""Choosing a spec from those that were tried: four controls, one label in the address."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.errors import OptionError
from analysis.quant.spec import WEIGHT_SPEC, IntFormat, QuantSpec
from pages.ui.text import plain

_KEY = "spec_"


@dataclass(frozen=True, slots=True)
class _Part:
    """One control: what it is called and what it reads from a spec."""

    name: str
    title: str
    help: str
    of: Callable[[QuantSpec], int | str]


def _codes(spec: QuantSpec) -> str:
    """The number format without its width, as labels name it."""
    if isinstance(spec.format, IntFormat):
        return "int sym" if spec.format.symmetric else "int asym"
    return spec.format.label


def _granularity(spec: QuantSpec) -> str:
    return next(word for word in spec.label.split() if word.startswith("per-"))


PARTS = (
    _Part("bits", "Bits", "Width of one code.", lambda spec: spec.bits),
    _Part(
        "codes",
        "Codes",
        "Symmetric integers fix the zero-point at 0; asymmetric ones let the range shift.",
        _codes,
    ),
    _Part("granularity", "Granularity", "Which weights share one scale.", _granularity),
    _Part(
        "range",
        "Range",
        "How the range that the codes span is found.",
        lambda spec: spec.range_method,
    ),
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
    options = list(dict.fromkeys(part.of(spec) for spec in menu))
    if part.name == "bits":
        options.sort()
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
