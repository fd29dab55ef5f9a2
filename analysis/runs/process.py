"""Worker processes: start one, tell whether it lives, end it."""

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import psutil

from analysis.errors import StorageError
from analysis.paths import home_dir, module_path

HOST = socket.gethostname()
"""Process numbers mean something only on this host."""

_CLOCK_SECONDS = 2.0
"""How far two readings of a process's start may lie apart: the kernel counts from boot, and the
boot time moves when the clock is set."""

_children: list[subprocess.Popen[bytes]] = []
_children_lock = Lock()


@dataclass(frozen=True, slots=True)
class Identity:
    """A process, told from later ones of the same number by its start (seconds since the epoch)."""

    pid: int
    created: float


def identity(pid: int) -> Identity | None:
    """The process of that number; None when there is none, or only its zombie."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return Identity(pid, process.create_time())
    except psutil.NoSuchProcess:
        return None


def this_process() -> Identity:
    """The process that asks."""
    return Identity(os.getpid(), psutil.Process().create_time())


def lives(process: Identity) -> bool:
    """Whether this very process still runs; a zombie does not."""
    now = identity(process.pid)
    return now is not None and abs(now.created - process.created) < _CLOCK_SECONDS


def kill(process: Identity) -> None:
    """End the process at once, if it still is the one that was meant."""
    if lives(process):
        psutil.Process(process.pid).kill()


def collect_children() -> None:
    """Take leave of ended workers, so that they do not stay zombies of a long-lived server."""
    with _children_lock:
        _children[:] = [child for child in _children if child.poll() is None]


def log_path(job_id: str) -> Path:
    """Where a job's workers write what they print."""
    return home_dir() / "logs" / f"{job_id}.log"


def spawn(url: str, job_id: str, attempt: int) -> Identity:
    """Start a detached worker for one attempt.

    It outlives this process, ignores its terminal, and never looks for modules in the working
    directory (-P), where a user may have an `analysis` package of their own.

    Raises:
        StorageError: the log or the process cannot be made.
    """
    collect_children()
    command = [sys.executable, "-P", "-m", "analysis.runs.worker", job_id, str(attempt)]
    log = log_path(job_id)
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=child_environment(url),
            )
    except OSError as error:
        raise StorageError(
            f"A worker must be able to start and to write {log}, and it cannot "
            f"({error.strerror}); free disk space and memory and check the permissions."
        ) from error
    with _children_lock:
        _children.append(child)
    return Identity(child.pid, psutil.Process(child.pid).create_time())


def child_environment(url: str) -> dict[str, str]:
    """The environment of a process that computes: store, one thread, the way to this package."""
    return {
        **os.environ,
        "QUANTSCOPE_DATABASE": url,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        **module_path(),
    }
