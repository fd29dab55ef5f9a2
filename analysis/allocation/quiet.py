"""Keep the standard output clean while HiGHS runs.

HiGHS prints lines such as "HighsMipSolverData::transformNewIntegerFeasibleSolution" with C's
printf, dozens in a hard problem and whatever `disp` says (seen with scipy 1.17); one of them would
spoil a `--json` document.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

_STDOUT, _STDERR = 1, 2
_one_at_a_time = Lock()


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Catch what goes to file descriptor 1 meanwhile: HiGHS' lines are dropped, others kept.

    The descriptor belongs to the process, so one thread at a time does this; a line that another
    thread prints meanwhile comes out on standard error. A process without standard streams (a
    detached worker) has nothing to protect.
    """
    with _one_at_a_time:
        streams = _streams()
        if streams is None:
            yield
            return
        saved, caught = streams
        with caught:
            _flush()
            os.dup2(caught.fileno(), _STDOUT)
            try:
                yield
            finally:
                _flush()
                os.dup2(saved, _STDOUT)
                os.close(saved)
                _pass_on(caught)


def _streams() -> tuple[int, IO[bytes]] | None:
    """A copy of the real standard output, and where it goes meanwhile; None when either fails."""
    try:
        saved = os.dup(_STDOUT)
    except OSError:
        return None
    try:
        return saved, TemporaryFile()
    except OSError:  # a full disk must not stop the solver
        os.close(saved)
        return None


def _flush() -> None:
    """Empty C's own output buffers, or a stray line comes out after the descriptor is back."""
    ctypes.CDLL(None if os.name == "posix" else "ucrtbase").fflush(None)


def _pass_on(caught: IO[bytes]) -> None:
    """Hand on every line that HiGHS did not write."""
    caught.seek(0)
    others = b"".join(line for line in caught if not line.startswith(b"Highs"))
    if others:
        os.write(_STDERR, others)
