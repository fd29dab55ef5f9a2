"""Embedding tables: how calibration reads their rows, and what that makes of the error."""

import streamlit as st

from analysis.profiles import LayerProfile, RowLookups
from analysis.quant.stats import SpecEffect
from pages.ui.text import count_text, decibel_text, percent


def lookups_fact(found: RowLookups) -> str:
    """How calibration reads the rows of a table."""
    if not found.lookups:
        return f"no row read by calibration, of {count_text(found.rows)}"
    return (
        f"{count_text(found.read)} of {count_text(found.rows)} rows read by calibration, "
        f"{percent(found.hottest, 0)} of the lookups in the most-read tenth"
    )


def looked_up(effect: SpecEffect | None) -> None:
    """The error of what a table hands out; nothing for other weights."""
    if effect is not None and effect.looked_up_db is not None:
        st.caption(
            f"With every row counted as often as calibration reads it, the SQNR is "
            f"{decibel_text(effect.looked_up_db)}."
        )


def unseen_input(profile: LayerProfile) -> str:
    """Why there is no input to be shown."""
    if profile.lookups is not None:
        return "The input of a table is row numbers, so there is nothing to quantise."
    return (
        "The input was not seen: this weight is used functionally, so its module never runs. "
        "Its weight can be quantised, its input cannot be observed."
    )
