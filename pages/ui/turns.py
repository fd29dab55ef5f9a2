"""Pages are drawn one after the other: twenty at once take longer for everyone.

Drawing a page is Python from start to end, so threads that draw at the same time only take the
interpreter from each other, at every message they send. A page that waits for something else (the
compute process, the opening of an upload) lets the next one go first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, local

PATIENCE = 0.5
"""Seconds until a page is drawn although another has not ended: none may hold up all others."""

_drawing = Lock()
_mine = local()


@contextmanager
def in_turn() -> Iterator[None]:
    """Draw a page when it is its turn."""
    _mine.turn = _drawing.acquire(timeout=PATIENCE)
    try:
        yield
    finally:
        step_aside()


def step_aside() -> None:
    """Let the next page be drawn: this one has ended, or is about to wait."""
    if getattr(_mine, "turn", False):
        _mine.turn = False
        _drawing.release()
