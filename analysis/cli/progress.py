"""How far long work is, on standard error."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

LIVE_SECONDS, LOG_SECONDS = 0.2, 10.0
"""How often the line is renewed on a terminal, and repeated in a log."""


class Progress:
    """One line: what is done, the share, and how long the rest will take.

    On a terminal the line is rewritten in place; elsewhere it is repeated now and then.
    """

    def __init__(
        self,
        what: str,
        total: int,
        *,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._total, self._done = what, total, 0
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._started = self._shown = clock()
        self._live = self._stream.isatty()

    def advance(self, units: int) -> None:
        """Count finished units, and show them when it is time to."""
        self._done += units
        if self._clock() - self._shown >= (LIVE_SECONDS if self._live else LOG_SECONDS):
            self._show(self._rest())

    def close(self) -> None:
        """Leave the last state on its own line."""
        self._show(f"{span(self._clock() - self._started)} in all")
        if self._live:
            self._stream.write("\n")

    def _rest(self) -> str:
        elapsed = self._clock() - self._started
        if not self._done:
            return "time left not known yet"
        return f"about {span(elapsed / self._done * (self._total - self._done))} left"

    def _show(self, rest: str) -> None:
        share = self._done / self._total if self._total else 1.0
        line = f"{self._what} {share:4.0%}, {rest}"
        self._stream.write(f"\r\x1b[K{line}" if self._live else f"{line}\n")
        self._stream.flush()
        self._shown = self._clock()


def span(seconds: float) -> str:
    """A length of time for people: ``8 s``, ``3 min 5 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
