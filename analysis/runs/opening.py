"""A stored case opened in a process of its own, with limits, before anybody may use it; torch-free.

Whatever a hostile file does there, it ends at most that process: the app shows one sentence.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from analysis import serial
from analysis.errors import StorageError, UnsupportedFileError, WorkloadError
from analysis.paths import home_dir
from analysis.runs.process import child_environment
from analysis.workloads.cases.folders import CaseFacts, publish, staged
from analysis.workloads.cases.record import Case

AT_ONCE = 2
_CHUNK = 1 << 16
_openings = BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Limits:
    """What opening one case may take.

    Attributes:
        memory_bytes: of address space; torch alone takes about 0.6 GiB.
        cpu_seconds: of all threads together.
        seconds: by the clock.
    """

    memory_bytes: int = 4 * 1024**3
    cpu_seconds: int = 120
    seconds: float = 240.0


USUAL = Limits()


def store_upload(
    case: Case, files: Mapping[str, bytes], limits: Limits = USUAL
) -> Iterator[str | CaseFacts]:
    """Store what a browser sent, once a worker has opened it.

    Yields:
        what is being done, and the facts at the end; the case can be loaded then.

    Raises:
        WorkloadError: it cannot be opened, and nothing is stored; the message says why.
        StorageError: it cannot be written.
    """
    with staged(case, files) as part:
        for told in opened(part, limits):
            yield told
            if isinstance(told, CaseFacts):
                publish(part, case, told)


def opened(folder: Path, limits: Limits = USUAL) -> Iterator[str | CaseFacts]:
    """Open the case of a folder in a worker; what it does, then what it found.

    Raises:
        WorkloadError: it cannot be opened, takes too much, or ends the worker.
        StorageError: the worker cannot be started.
    """
    if not _openings.acquire(timeout=limits.seconds):
        raise WorkloadError("Others are opening their models just now; try again in a minute.")
    try:
        child = _started(folder, limits)
        try:
            yield from _listened(child, time.monotonic() + limits.seconds, limits)
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
    finally:
        _openings.release()


def _started(folder: Path, limits: Limits) -> "subprocess.Popen[bytes]":
    log = home_dir() / "logs" / "opening.log"
    words = [str(limits.memory_bytes), str(limits.cpu_seconds), str(folder)]
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "analysis.runs.opening_worker", *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=folder,
                env=child_environment(""),
            )
    except OSError as error:
        raise StorageError(
            f"A worker must be able to start and to write {log}, and it cannot "
            f"({error.strerror}); free disk space and memory and check the permissions."
        ) from error


def _listened(
    child: "subprocess.Popen[bytes]", end: float, limits: Limits
) -> Iterator[str | CaseFacts]:
    for line in _lines(child, end, limits):
        said = _parsed(line)
        if "doing" in said:
            yield str(said["doing"])
        elif "error" in said:
            raise WorkloadError(str(said["error"]))
        elif "facts" in said:
            yield serial.from_plain(CaseFacts, said["facts"], UnsupportedFileError, "answer")
            return
    raise WorkloadError(_ended(child.wait(), limits))


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _lines(child: "subprocess.Popen[bytes]", end: float, limits: Limits) -> Iterator[bytes]:
    """Lines of the worker until it ends."""
    assert child.stdout is not None
    pipe, rest = child.stdout.fileno(), b""
    while True:
        left = end - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise WorkloadError(
                f"Opening a model must end within {limits.seconds:.0f} s, and this did not; bring "
                "a smaller one, or name it on the command line: quantscope add."
            )
        part = os.read(pipe, _CHUNK)
        if not part:
            return
        *whole, rest = (rest + part).split(b"\n")
        yield from whole


def _ended(code: int, limits: Limits) -> str:
    """Why a worker is gone, for people."""
    if code == -signal.SIGXCPU:
        return (
            f"Opening a model may take {limits.cpu_seconds} s of computing, and this took more; "
            "bring a smaller one, or name it on the command line: quantscope add."
        )
    return (
        "The files must open without ending the process that reads them, and they did not (it may "
        f"take {limits.memory_bytes >> 30} GiB of memory); they are damaged or far too large. "
        "Save the model again, or bring a smaller one."
    )
