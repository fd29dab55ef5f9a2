"""Choosing a spec: one control a part, one label in the address."""

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.errors import OptionError
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec, check_weight_spec
from pages.ui.spec_parts import (
    BIAS,
    FORMATS,
    GAIN,
    ROUNDINGS,
    Parts,
    corrections,
    granularities,
    ranges,
    spec_of,
    widths,
)
from pages.ui.text import plain

HELP = {
    "bits": "Width of one code.",
    "format": "What a code stands for. Symmetric integers fix the zero-point at 0; asymmetric ones "
    "let the range shift; mx and nv formats share a scale in blocks.",
    "granularity": "Which weights share one scale.",
    "range": "How the range that the codes span is found; clip 0.85 takes 85 % of min-max.",
    "rounding": "GPTQ lets later weights of a channel make up for the errors of earlier ones, by "
    "the calibration inputs.",
    "corrections": "Gain rescales each group to its old size; bias takes the mean error out of the "
    "layer's output.",
}


def default_spec(menu: Sequence[QuantSpec]) -> QuantSpec:
    """What is shown without being asked: the library's default at 4 bits, or the nearest to it."""
    return nearest(menu, WEIGHT_SPEC.with_bits(4))


def nearest(menu: Sequence[QuantSpec], wanted: QuantSpec) -> QuantSpec:
    """The spec of the menu that shares most parts with `wanted`; nearer widths break ties.

    The menu must not be empty.
    """
    parts = Parts.of(wanted)

    def distance(spec: QuantSpec) -> tuple[int, int]:
        own = Parts.of(spec)
        differing = sum(
            getattr(own, name) != getattr(parts, name)
            for name in ("bits", "format", "granularity", "range")
        )
        return (differing, abs(spec.bits - wanted.bits))

    return min(menu, key=distance)


def asked_spec(param: str, default: QuantSpec) -> QuantSpec:
    """The spec of the address; a damaged one is a warning and the default."""
    asked = st.query_params.get(param)
    if not asked:
        return default
    try:
        wanted = QuantSpec.parse(_typed(asked))
        check_weight_spec(wanted)
    except OptionError as error:
        st.warning(plain(str(error)))
        return default
    return wanted


def _typed(label: str) -> str:
    """A label whose plus signs a hand-typed address turned into spaces."""
    return " ".join(f"+{word}" if word in (GAIN, BIAS) else word for word in label.split())


def choose_spec(param: str, now: QuantSpec, name: str = "") -> None:
    """Draw the controls at this spec; the address follows them."""
    parts = Parts.of(now)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        _pick(param, "bits", f"{name} · Bits" if name else "Bits", widths(parts), parts)
        _pick(param, "format", "Format", FORMATS, parts, width=135)
        _pick(param, "granularity", "Granularity", granularities(parts), parts, width=145)
        _pick(param, "range", "Range", ranges(parts), parts, width=125)
        _pick(param, "rounding", "Rounding", ROUNDINGS, parts, width=115)
        _corrections(param, parts)


def _pick(
    param: str,
    name: str,
    title: str,
    options: Sequence[int | str],
    parts: Parts,
    *,
    width: int | None = None,
) -> None:
    """One part: a list of that many pixels, or buttons side by side where it changes most."""
    key = f"{param}_{name}"
    st.session_state[key] = getattr(parts, name)

    def changed() -> None:
        value = st.session_state[key]
        if value is not None:
            _write(param, parts, name, value)

    alone = len(options) < 2
    if width is None:
        st.segmented_control(
            title,
            options,
            key=key,
            on_change=changed,
            required=True,
            help=HELP[name],
            disabled=alone,
        )
        return
    st.selectbox(
        title, options, key=key, on_change=changed, help=HELP[name], disabled=alone, width=width
    )


def _corrections(param: str, parts: Parts) -> None:
    key = f"{param}_corrections"
    st.session_state[key] = list(parts.corrections)

    def changed() -> None:
        _write(param, parts, "corrections", tuple(st.session_state[key]))

    st.pills(
        "Corrections",
        corrections(parts),
        selection_mode="multi",
        key=key,
        on_change=changed,
        help=HELP["corrections"],
    )


def _write(param: str, parts: Parts, name: str, value: object) -> None:
    changes: dict[str, object] = {name: value}
    st.query_params[param] = spec_of(replace(parts, **changes)).label  # type: ignore[arg-type]
