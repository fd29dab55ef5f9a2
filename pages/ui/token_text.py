"""What a network says after each token of a text, and what fewer bits change; no streamlit."""

from analysis.trials import WidthRow, WidthStrip
from pages.ui.text import plain

MAX_CHANGES = 6
SHOWN_SIGNS = {" ": "␣", "\n": "⏎", "\t": "⇥"}
"""What white space is shown as."""

CONTEXT = 8
"""Tokens told before a change, where each is a sign or two."""


def token_name(strip: WidthStrip, token: int) -> str:
    """The token as it is written, else its number."""
    if not token < len(strip.classes):
        return str(token)
    return "".join(SHOWN_SIGNS.get(sign, sign) for sign in strip.classes[token])


def told(strip: WidthStrip, tokens: tuple[int, ...]) -> str:
    """Tokens one after the other; numbers stand apart."""
    names = [token_name(strip, token) for token in tokens]
    return ("" if strip.classes else " ").join(names)


def token_answer(strip: WidthStrip, row: WidthRow, exact: WidthRow) -> str:
    """Markdown: what is expected after each token, and which of that changed.

    Everything that a workload brings is escaped.
    """
    total = len(exact.answers)
    if row.bits is None:
        said = f"expects {plain(told(strip, row.answers))}"
        return f"reads {plain(told(strip, strip.given))}  \n{said}" if strip.given else said
    pairs = list(enumerate(zip(exact.answers, row.answers, strict=True)))
    changed = [(place, a, b) for place, (a, b) in pairs if a != b]
    if not changed:
        return f"the same {total} next tokens"
    shown = "; ".join(_change(strip, *change) for change in changed[:MAX_CHANGES])
    more = "; …" if len(changed) > MAX_CHANGES else ""
    return f"**{len(changed)} of {total} next tokens changed:** {shown}{more}"


def _change(strip: WidthStrip, place: int, before: int, after: int) -> str:
    arrow = f"{plain(token_name(strip, before))} → {plain(token_name(strip, after))}"
    if not strip.given:
        return f"{place}: {arrow}"
    context = strip.given[max(0, place + 1 - CONTEXT) : place + 1]
    return f"after {plain(told(strip, context))} {arrow}"
