"""Embedding tables: how calibration reads their rows, and what that makes of the error."""

from analysis.profiles import RowLookups
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


def looked_up(effect: SpecEffect, title: str) -> list[tuple[str, str, str]]:
    """The figure of a table, with its title and help; nothing for other weights."""
    if effect.looked_up_db is None:
        return []
    words = (
        "The same ratio with every row counted as often as calibration reads it: what the table "
        "hands out, not what it stores."
    )
    return [(f"{title}SQNR as read", decibel_text(effect.looked_up_db), words)]
