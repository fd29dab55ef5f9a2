"""Samples whose answer changed, as a strip of small pictures or as lines of text."""

import base64
import io
from dataclasses import replace
from functools import lru_cache

import streamlit as st
from PIL import Image

from analysis.scores import ChangedExample, Score
from pages.ui.text import number_text, plain
from pages.ui.token_text import SHOWN_SIGNS

SIDE = 96
"""Pixels of a picture on screen, at least."""

WIDTH = 120

_MARKS = ", ✗ where that is now wrong, ✓ where it is now right"


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
        st.markdown("\n\n".join(line(example) for example in rows))
    told = _MARKS if any(example.target is not None for example in shown) else ""
    if any(row.position is not None for row in rows):
        st.caption(
            f"{len(shown)} of {len(score.changed):,} sequences in which some next token changed, "
            "the most harmed first; each up to the token after which it changed most, with float's "
            f"next token → the quantised one{told}."
        )
        return
    st.caption(
        f"{len(shown)} of {len(score.changed):,} samples that changed their answer, the most "
        f"harmed first: float's answer → the quantised one{told}."
        + (" Pictures run from their least value to their largest." if pictures else "")
    )


def _answers(example: ChangedExample) -> str:
    change = f"{_one_line(example.reference)} → {_one_line(example.actual)}"
    if example.target is None:
        return change
    if example.target == example.reference:
        return f"{change} ✗"
    if example.target == example.actual:
        return f"{change} ✓"
    return f"{change} (is {_one_line(example.target)})"


def _one_line(text: str) -> str:
    return plain(" ".join(text.split()))


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


def line(example: ChangedExample) -> str:
    """Markdown of one text or row: what came in, what was said of it, and by how much it moved.

    Everything that a workload brings is escaped and kept on its line.
    """
    told = _one_line(example.text)
    known = plain(f"sample {example.sample:,}, divergence {number_text(example.divergence)}")
    if example.position is None:
        return f"**{_answers(example)}** :gray[· {known}]  \n{told}"
    signed = replace(
        example,
        reference=_signs(example.reference),
        actual=_signs(example.actual),
        target=None if example.target is None else _signs(example.target),
    )
    return f"{told} **⟨{_answers(signed)}⟩**  \n:gray[{known}]"


def _signs(token: str) -> str:
    """A token whose white space can be seen."""
    return "".join(SHOWN_SIGNS.get(sign, sign) for sign in token)
