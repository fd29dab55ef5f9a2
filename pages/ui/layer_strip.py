"""What 8, 6, 4, 3 and 2 bits for this layer do to one real sample."""

import io
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
import streamlit as st
from PIL import Image

from analysis.errors import ComputeError
from analysis.runs.compute import Known
from analysis.sensitivity.points import Target
from analysis.trials import WidthRow, WidthStrip
from pages.ui import answers
from pages.ui.layer_sides import Side
from pages.ui.spec_parts import Parts, input_spec_of, spec_of
from pages.ui.text import percent, plain
from pages.ui.token_text import token_answer

WIDTHS = (8, 6, 4, 3, 2)
TENSORS: Mapping[Target, str] = {"weight": "weights", "activation": "input"}
_SAMPLE = "strip_sample"
_SIDE = 84
"""Pixels of a picture: 28 cells of 3."""


def show(known: Known | None, side: Side, target: Target) -> None:
    """The strip for a layer's weight or input; the family of the chosen spec, or plain integers."""
    with st.container(border=True, gap="small"):
        st.subheader("What 2 to 8 bits do to a real sample", anchor=False)
        if known is None:
            st.caption("This server does not offer the workload, so no sample can be run.")
            return
        sample = int(st.session_state.get(_SAMPLE, 0))
        try:
            strip = answers.strip(known, target, labels(side, target), sample)
        except ComputeError as error:
            st.warning(plain(str(error)))
            return
        if strip.kind == "tokens":
            _lines(strip)
        else:
            _row(strip)
        st.caption(_words(strip, target))
        st.number_input(
            "Sweep sample", 0, strip.samples - 1, key=_SAMPLE, width=150, help="Which sample runs."
        )


def labels(side: Side, target: Target) -> tuple[str, ...]:
    """The chosen spec at each width; asymmetric integers where its format has a fixed one."""
    parts = Parts.of(side.spec)
    if target == "activation":
        if not parts.format.startswith(("int", "fixed")):
            parts = replace(parts, format="int asym")
        return tuple(input_spec_of(replace(parts, bits=bits)).label for bits in WIDTHS)
    if not parts.format.startswith(("int", "fixed")):
        parts = replace(Parts.of(side.spec), format="int asym", range="minmax", bits=8)
        if not parts.granularity.startswith("per-group"):
            parts = replace(parts, granularity="per-channel")
    return tuple(spec_of(replace(parts, bits=bits)).label for bits in WIDTHS)


def _row(strip: WidthStrip) -> None:
    exact = strip.rows[0]
    with st.grid(len(strip.rows), min_column_width=_SIDE - 4, gap="small"):
        for row in strip.rows:
            with st.container(gap="xsmall"):
                st.markdown(_heading(row))
                if row.picture:
                    st.image(_picture(row), width=_SIDE, alt=_alt(strip, row))
                st.caption(answer_text(strip, row, exact))


def _lines(strip: WidthStrip) -> None:
    """One width below the other: what is said after each token needs a line of its own."""
    exact = strip.rows[0]
    for row in strip.rows:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(_heading(row), width=64)
            if row.picture:
                st.image(_picture(row), width=_SIDE, alt=_alt(strip, row))
            st.markdown(token_answer(strip, row, exact), width="stretch")


def _heading(row: WidthRow) -> str:
    return "**Float**" if row.bits is None else f"**{row.bits} bits**"


@lru_cache(maxsize=128)
def _picture(row: WidthRow) -> bytes:
    """Levels as grey, each cell so many whole pixels that 28 of them fill the width; a PNG."""
    levels = np.array(row.picture, dtype=np.uint8)
    times = max(1, _SIDE // max(levels.shape))
    content = io.BytesIO()
    Image.fromarray(np.kron(levels, np.ones((times, times), dtype=np.uint8))).save(content, "PNG")
    return content.getvalue()


def _alt(strip: WidthStrip, row: WidthRow) -> str:
    width = "in float" if row.bits is None else f"at {row.bits} bits"
    return f"Output of {strip.layer}, {strip.seen}, {width}"


def answer_text(strip: WidthStrip, row: WidthRow, exact: WidthRow) -> str:
    """What the network says of the sample, a class or values, and whether that changed."""
    if strip.kind == "values":
        return "reference" if row.bits is None else f"output error {percent(row.error)}"
    number = row.answers[0]
    name = strip.classes[number] if number < len(strip.classes) else f"class {number}"
    text = f"{plain(name)}, {percent(row.probability, 0)}"
    return text if row.answers == exact.answers else f"**{text}, changed**"


def _words(strip: WidthStrip, target: Target) -> str:
    label = f"The target is class {strip.target}. " if strip.target is not None else ""
    if strip.kind == "classes" and strip.target is not None and strip.target < len(strip.classes):
        label = f"It is labelled {strip.classes[strip.target]}. "
    return plain(
        f"Sweep sample {strip.sample}, the layer's output ({strip.seen}) and the network's answer, "
        f"with only this layer's {TENSORS[target]} quantised. {label}"
        f"{'All pictures share one grey scale.' if strip.rows[0].picture else ''}"
    )
