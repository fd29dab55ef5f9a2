"""The figures at the top of a layer's page: of its weight, or of its input."""

from dataclasses import dataclass

import streamlit as st

from analysis.quant.stats import TensorStats
from analysis.sensitivity.points import Target
from pages.ui.layer_sides import Side
from pages.ui.text import decibel_text, fixed_text, percent, plain


@dataclass(frozen=True, slots=True)
class _Words:
    """What the figures of one kind of tensor mean."""

    values: str
    sqnr: str
    zeros: str


_WORDS: dict[Target, _Words] = {
    "weight": _Words("weights", "weights at the chosen spec, over the whole tensor", ""),
    "activation": _Words(
        "values",
        "input at the chosen spec, expected from its histogram",
        ", as a ReLU leaves them",
    ),
}


def tensor_numbers(stats: TensorStats, side: Side, target: Target) -> None:
    """SQNR and clipping of a side's spec; of the first side also what the tensor itself is like."""
    words = _WORDS[target]
    figures = []
    if side.effect is not None:
        figures = [
            (
                f"{side.title}SQNR",
                decibel_text(side.effect.sqnr_db),
                f"Signal to quantisation noise of the {words.sqnr}; higher is better, 6 dB are "
                "one bit.",
            ),
            (
                f"{side.title}Clipped",
                percent(side.effect.clipped, 2),
                f"Share of {words.values} outside the range that the codes span.",
            ),
        ]
    if side.name:
        st.caption(f"**{side.name}** {plain(side.spec.label)}")
    if side.name != "B":
        figures += [
            ("Zeros", percent(stats.zeros), f"Share of exact zeros{words.zeros}."),
            (
                "Kurtosis",
                fixed_text(stats.kurtosis, 1),
                "Excess kurtosis: 0 for a normal distribution, more for heavy tails.",
            ),
            (
                "Outliers",
                percent(stats.outliers, 2),
                f"{words.values.capitalize()} beyond 4 standard deviations.",
            ),
        ]
    with st.grid(5, min_column_width=108, gap="small"):
        for title, value, help_text in figures:
            st.metric(title, value, border=True, height="stretch", help=help_text)
