"""Samples whose answer changed, as a strip of small pictures or of numbers."""

import base64
import io
from functools import lru_cache

import pandas as pd
import streamlit as st
from PIL import Image

from analysis.scores import ChangedExample, Score
from pages.ui.text import number_text, plain

SIDE = 96
"""Pixels of a picture on screen, at least."""

WIDTH = 120


def changed_samples(score: Score) -> None:
    """The samples that were harmed most, with both answers and the right one."""
    if not score.changed:
        st.caption("No sample changed its answer.")
        return
    shown = score.examples
    if not shown:
        st.caption(
            f"{len(score.changed):,} samples changed their answer; this score was made before any "
            "were kept. Measure the other ways below to see some."
        )
        return
    pictures = [example for example in shown if example.image]
    if pictures:
        with st.container(horizontal=True, gap="small"):
            for example in pictures:
                drawn = enlarged(example.image)
                if drawn is not None:
                    st.image(drawn, caption=_answers(example), width=WIDTH, output_format="PNG")
    rows = [example for example in shown if not example.image]
    if rows:
        _table(rows)
    if any(row.position is not None for row in rows):
        st.caption(
            f"{len(shown)} of {len(score.changed):,} sequences in which some next token changed, "
            "the most harmed first; each up to the token after which it changed most."
        )
        return
    st.caption(
        f"{len(shown)} of {len(score.changed):,} samples that changed their answer, the most "
        "harmed first: float's answer → the quantised one, ✗ where that is now wrong, ✓ "
        "where it is now right. Pictures run from their least value to their largest."
        if pictures
        else f"{len(shown)} of {len(score.changed):,} samples that changed their answer, the most "
        "harmed first."
    )


def _answers(example: ChangedExample) -> str:
    change = f"{plain(example.reference)} → {plain(example.actual)}"
    if example.target is None:
        return change
    if example.target == example.reference:
        return f"{change} ✗"
    if example.target == example.actual:
        return f"{change} ✓"
    return f"{change} (is {plain(example.target)})"


@lru_cache(maxsize=256)
def enlarged(image: str) -> bytes | None:
    """A kept picture, each pixel as a square of several where it is small.

    None for what is no small picture: a run that was imported says what its author wrote.
    """
    try:
        with Image.open(
            io.BytesIO(base64.b64decode(image, validate=True)), formats=["PNG"]
        ) as kept:
            if max(kept.size) > SIDE:
                return None
            factor = -(-SIDE // max(kept.size))
            size = (kept.width * factor, kept.height * factor)
            grown = kept.resize(size, Image.Resampling.NEAREST)
    except (ValueError, OSError, SyntaxError):
        return None
    content = io.BytesIO()
    grown.save(content, format="PNG")
    return content.getvalue()


def _table(rows: list[ChangedExample]) -> None:
    frame = pd.DataFrame(
        [
            {
                "input": row.text,
                "sample": row.sample,
                "float": row.reference,
                "quantised": row.actual,
                "right": row.target or "–",
                "divergence": number_text(row.divergence),
            }
            for row in rows
        ]
    )
    st.dataframe(
        frame,
        hide_index=True,
        column_config={
            "input": st.column_config.TextColumn("Input", width="large"),
            "sample": st.column_config.NumberColumn("Sample"),
            "float": st.column_config.TextColumn("Float says"),
            "quantised": st.column_config.TextColumn("Quantised says"),
            "right": st.column_config.TextColumn("Right"),
            "divergence": st.column_config.TextColumn("Divergence"),
        },
        alt="Samples whose answer changed, with the beginning of their input",
    )
