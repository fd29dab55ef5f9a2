"""A figure on a card, and the height of a table that shows its rows without scrolling."""

from typing import Literal

import streamlit as st

from analysis.charts.numerals import short

Tone = Literal["good", "bad", "plain"]
_COLOURS: dict[Tone, Literal["green", "red", "off"]] = {
    "good": "green",
    "bad": "red",
    "plain": "off",
}
TALL = 16
"""So many rows of a table are shown before it scrolls."""


def card(
    label: str, value: str, mark: str, note: str = "", *, tone: Tone = "plain", help: str
) -> None:
    """One figure.

    Args:
        label: what it is.
        value: the figure with its unit.
        mark: a few words beside it, coloured by the tone.
        note: a few more, grey; long ones are cut off.
        tone: whether the mark is good or bad news.
        help: what it was measured on, in full.
    """
    st.metric(
        label,
        value,
        delta=mark,
        delta_color=_COLOURS[tone],
        delta_arrow="off",
        delta_description=note or None,
        border=True,
        height="stretch",
        help=help,
    )


def half_text(low: float, high: float) -> str:
    """Half the width of an interval: ``±0.016``."""
    return f"±{short((high - low) / 2)}"


def table_height(rows: int) -> int | Literal["content"]:
    """Height of a table: all rows, or a window of the first ones."""
    return "content" if rows <= TALL else 36 + 35 * TALL
