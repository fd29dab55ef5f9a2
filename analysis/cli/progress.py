"""How far long work is, on standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import TextIO

from analysis.runs.measuring import QUANTISERS
from analysis.runs.records import Job
from analysis.runs.store import RunStore

LIVE_SECONDS, LOG_SECONDS = 0.2, 10.0
"""How often the line is renewed on a terminal, and repeated in a log."""


class StatusLine:
    """The state of the work: rewritten in place on a terminal, repeated now and then elsewhere."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._clock = clock
        self._live = self._stream.isatty()
        self._shown: float | None = None

    def show(self, text: str) -> None:
        """Show the state if it is time to."""
        wait = LIVE_SECONDS if self._live else LOG_SECONDS
        if self._shown is None or self._clock() - self._shown >= wait:
            self._write(text)

    def close(self, text: str) -> None:
        """Show the last state, and leave the line."""
        self._write(text)
        if self._live:
            self._stream.write("\n")

    def _write(self, text: str) -> None:
        self._stream.write(f"\r\x1b[K{text}" if self._live else f"{text}\n")
        self._stream.flush()
        self._shown = self._clock()


@contextmanager
def watched(store: RunStore, run: str) -> Iterator[None]:
    """Show a job's progress, as the store has it, while the block works on it."""
    line, ended = StatusLine(), Event()
    line.show(f"Run {run}")

    def watch() -> None:
        while not ended.wait(LIVE_SECONDS):
            line.show(describe(store.job(run)))

    thread = Thread(target=watch, daemon=True)
    began = time.monotonic()
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        line.close(f"{store.job(run).state}, {span(time.monotonic() - began)} in all")


def describe(job: Job) -> str:
    """Phase, and while it sweeps the units and the time left."""
    if job.phase == "comparing proxies" and job.total:
        return f"{job.phase}, pass {min(job.done + 1, job.total)} of {job.total}"
    if job.phase == QUANTISERS and job.total:
        return f"{job.phase} {job.done / job.total:.0%}"
    if job.phase != "sweeping" or not job.total:
        return job.phase or job.state
    share = f"{job.phase} {job.done / job.total:.0%} ({job.done} of {job.total} cells)"
    return share if job.eta_seconds is None else f"{share}, about {span(job.eta_seconds)} left"


def span(seconds: float) -> str:
    """A length of time for people: ``8 s``, ``3 min 5 s``, ``2 h 10 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
