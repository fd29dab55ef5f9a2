"""A worker's hold on its job: heartbeat, progress, the wish to stop, the end."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any, Literal, assert_never

from sqlalchemy import select

from analysis.errors import CancelledError, StorageError
from analysis.runs import transitions
from analysis.runs.process import this_process
from analysis.runs.queue import pump
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore
from analysis.runs.transitions import Ending
from analysis.sensitivity.points import CellSamples, SweepPoint

BEAT_SECONDS = 1.0
GRACE_SECONDS = 5.0
"""How long a unit may go on after the wish to stop; then the process ends in the middle of it."""

UNIT_SECONDS = 1800.0
"""A sweep that finishes no unit for so long hangs."""

PROGRESS_SECONDS = 0.25
STORAGE_SECONDS = 60.0
"""How long a full disk or a locked store is borne, with what was computed kept in memory."""

Stop = Literal["cancelled", "stopped", "given up", "stuck"]
"""Why a worker stops early: by its owner, by SIGTERM, its attempt is no longer the job's, hangs."""


class Attempt:
    """One attempt at one job, by this process.

    A thread beats once a second. It also sees to it that a wish to stop is met: the work looks at
    it between units (`check`), and where that takes too long the process simply ends, because
    each finished unit is in the store already.

    Attributes:
        say: tells people something about the work; into the job's log by default.
    """

    def __init__(self, store: RunStore, job_id: str, number: int) -> None:
        self.store, self.job_id, self.number = store, job_id, number
        self.say: Callable[[str], None] = logging.getLogger(__name__).info
        self._stop: tuple[Stop, float] | None = None
        self._ended = Event()
        self._last_unit: float | None = None
        self._last_written = -PROGRESS_SECONDS
        self._done: float | None = None

    def adopt(self) -> bool:
        """Take the job into this process; False when the attempt was given up in the meantime."""
        with self.store.database.writing() as connection:
            return transitions.adopt(connection, self.job_id, self.number, this_process())

    def describe(self, workload: str, fingerprint: str) -> None:
        """Note what the job works on, once it is known."""
        self._note(workload=workload, fingerprint=fingerprint)

    def begin(self, phase: str) -> None:
        """Enter a phase.

        Raises:
            CancelledError: the job is to stop.
        """
        self.check()
        self._last_unit = None
        units = {} if self._done is None else {"done": self._done}
        self._note(phase=phase, **units)

    def expect(self, total: int, *, done: float = 0.0) -> None:
        """Say how many units there are, and how many of them an earlier attempt finished."""
        self._last_unit, self._done = time.monotonic(), done
        self._note(done=done, total=total, first_done=done, first_time=time.time())

    def advance(self, done: float) -> None:
        """Say how many units are finished now; written a few times a second.

        Raises:
            CancelledError: the job is to stop.
        """
        self._last_unit = now = time.monotonic()
        self._done = done
        if now - self._last_written >= PROGRESS_SECONDS:
            self._last_written = now
            self._note(done=done, last_time=time.time())
        self.check()

    def keep(self, samples: CellSamples, point: SweepPoint) -> None:
        """Store a finished unit, waiting for a while for a store that cannot take it.

        Raises:
            StorageError: it still cannot.
            CancelledError: the job is to stop.
        """
        end = time.monotonic() + STORAGE_SECONDS
        while True:
            try:
                self.store.add(self.job_id, samples, point)
            except StorageError:
                if time.monotonic() > end:
                    raise
                self.check()
                time.sleep(BEAT_SECONDS)
            else:
                return

    def check(self) -> None:
        """Look whether the job is to stop; called between units.

        Raises:
            CancelledError: it is.
        """
        if self._stop is not None:
            raise CancelledError(f"The work was {self._stop[0]}; what was finished is kept.")

    def stop(self, why: Stop) -> None:
        """Wish the work to stop."""
        if self._stop is None:
            self._stop = (why, time.monotonic())

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat while the block runs."""
        thread = Thread(target=self._beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def finish(self, state: Ending, error: str | None = None) -> None:
        """End the job.

        Raises:
            StorageError: it cannot be written; whoever pumps next finds the process gone.
        """
        with self.store.database.writing() as connection:
            if self._done is not None:
                transitions.change(connection, self.job_id, self.number, done=self._done)
            transitions.end(connection, self.job_id, self.number, state, error)

    def settle(self) -> bool:
        """End a job that was to stop, in the way it was to.

        Returns:
            whether the next job should be started from here.
        """
        why = self._stop[0] if self._stop is not None else "given up"
        match why:
            case "cancelled":
                self.finish("cancelled")
            case "stuck":
                self.finish(
                    "failed",
                    f"A sweep must finish a unit every {UNIT_SECONDS / 60:.0f} min, and this one "
                    "did not; make the batches smaller, and resume.",
                )
            case "stopped":
                with self.store.database.writing() as connection:
                    transitions.requeue(connection, self.job_id, self.number, died=False)
            case "given up":
                pass
            case _:
                assert_never(why)
        return why != "stopped"

    def _note(self, **values: Any) -> None:
        """Set columns; progress that cannot be written is no reason to stop computing."""
        with suppress(StorageError), self.store.database.writing() as connection:
            if not transitions.change(connection, self.job_id, self.number, **values):
                self.stop("given up")

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            self._note(heartbeat=time.time())
            with suppress(StorageError), self.store.database.reading() as connection:
                if connection.scalar(select(jobs.c.cancel).where(jobs.c.id == self.job_id)):
                    self.stop("cancelled")
            if self._last_unit is not None and time.monotonic() - self._last_unit > UNIT_SECONDS:
                self._stop = ("stuck", -GRACE_SECONDS)
            if self._stop is not None and time.monotonic() - self._stop[1] > GRACE_SECONDS:
                self._leave()

    def _leave(self) -> None:
        """End this process in the middle of a unit."""
        try:
            if self.settle():
                pump(self.store)
        except StorageError:
            logging.exception("the end could not be written")
        logging.shutdown()
        sys.stdout.flush()
        os._exit(1)
