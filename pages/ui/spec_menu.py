"""Choosing a spec: one control a part, one label in the address."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from analysis.errors import OptionError
from analysis.quant.spec import (
    ACTIVATION_SPEC,
    WEIGHT_SPEC,
    QuantSpec,
    check_activation_spec,
    check_weight_spec,
)
from analysis.sensitivity.points import Target
from pages.ui.spec_parts import (
    BIAS,
    FORMATS,
    GAIN,
    INPUT_FORMATS,
    INPUT_RANGES,
    ROUNDINGS,
    Parts,
    corrections,
    granularities,
    input_spec_of,
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


def default_spec(menu: Sequence[QuantSpec], target: Target = "weight") -> QuantSpec:
    """What is shown without being asked: the library's default at 4 bits, or the nearest to it."""
    wanted = (WEIGHT_SPEC if target == "weight" else ACTIVATION_SPEC).with_bits(4)
    return nearest(menu, wanted) if menu else wanted


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


CHECKS: Mapping[Target, Callable[[QuantSpec], None]] = {
    "weight": check_weight_spec,
    "activation": check_activation_spec,
}


def asked_spec(param: str, default: QuantSpec, target: Target = "weight") -> QuantSpec:
    """The spec of the address; one that is damaged, or of no use here, is a warning."""
    asked = st.query_params.get(param)
    if not asked:
        return default
    try:
        wanted = QuantSpec.parse(_typed(asked))
        CHECKS[target](wanted)
    except OptionError as error:
        st.warning(plain(str(error)))
        return default
    return wanted


def _typed(label: str) -> str:
    """A label whose plus signs a hand-typed address turned into spaces."""
    return " ".join(f"+{word}" if word in (GAIN, BIAS) else word for word in label.split())


def choose_spec(param: str, now: QuantSpec, name: str = "", target: Target = "weight") -> None:
    """Draw the controls at this spec of a weight or an input; the address follows them."""
    make = spec_of if target == "weight" else input_spec_of
    menu = _Menu(param, Parts.of(now), make)
    parts = menu.parts
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        menu.pick("bits", f"{name} · Bits" if name else "Bits", widths(parts))
        if target == "activation":
            menu.pick("format", "Format", INPUT_FORMATS, width=135)
            menu.pick("range", "Range", dict.fromkeys((*INPUT_RANGES, parts.range)), width=125)
            return
        menu.pick("format", "Format", FORMATS, width=135)
        menu.pick("granularity", "Granularity", granularities(parts), width=145)
        menu.pick("range", "Range", ranges(parts), width=125)
        menu.pick("rounding", "Rounding", ROUNDINGS, width=115)
        menu.corrections()


@dataclass(frozen=True, slots=True)
class _Menu:
    """The controls of one spec.

    Attributes:
        param: of the address, which holds the spec.
        make: puts changed parts together.
    """

    param: str
    parts: Parts
    make: Callable[[Parts], QuantSpec]

    def pick(
        self, name: str, title: str, options: Iterable[int | str], *, width: int | None = None
    ) -> None:
        """One part: a list of that many pixels, or buttons side by side where it changes most."""
        key, listed = f"{self.param}_{name}", list(options)
        st.session_state[key] = getattr(self.parts, name)

        def changed() -> None:
            value = st.session_state[key]
            if value is not None:
                self._write(name, value)

        about: dict[str, Any] = {
            "key": key,
            "on_change": changed,
            "help": HELP[name],
            "disabled": len(listed) < 2,
        }
        if width is None:
            st.segmented_control(title, listed, required=True, **about)
        else:
            st.selectbox(title, listed, width=width, **about)

    def corrections(self) -> None:
        """What is corrected after rounding."""
        key = f"{self.param}_corrections"
        st.session_state[key] = list(self.parts.corrections)

        def changed() -> None:
            self._write("corrections", tuple(st.session_state[key]))

        st.pills(
            "Corrections",
            corrections(self.parts),
            selection_mode="multi",
            key=key,
            on_change=changed,
            help=HELP["corrections"],
        )

    def _write(self, name: str, value: object) -> None:
        changes: dict[str, Any] = {name: value}
        st.query_params[self.param] = self.make(replace(self.parts, **changes)).label
