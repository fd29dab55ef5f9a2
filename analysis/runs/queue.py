"""The queue: put back what died, start what is next. Any process may pump at any time."""

import os
import time
from collections.abc import Callable

from sqlalchemy import Row, select

from analysis.errors import OptionError, StorageError
from analysis.runs import process, transitions
from analysis.runs.process import HOST, Identity
from analysis.runs.schema import jobs
from analysis.runs.store import RunStore

WORKERS_VARIABLE = "QUANTSCOPE_WORKERS"

STALE_SECONDS = 120.0
"""A worker beats once a second; one that has been silent for so long hangs, and is ended."""

SPAWN_SECONDS = 30.0
"""A claimed job without a process was left by a pump that died in between."""

Start = Callable[[str, str, int], Identity]


def allowed_workers() -> int:
    """How many jobs may run at once: `QUANTSCOPE_WORKERS`, or one.

    Raises:
        OptionError: the variable is no positive number.
    """
    text = os.environ.get(WORKERS_VARIABLE, "1")
    if not text.isdecimal() or int(text) < 1:
        raise OptionError(f"{WORKERS_VARIABLE} must be a number from 1 on, not {text!r:.40}.")
    return int(text)


def pump(store: RunStore, *, start: Start = process.spawn) -> int:
    """Put jobs of dead workers back, then start jobs until enough run.

    Cheap when there is nothing to do: two reads. Called by the server every few seconds, by every
    worker as it ends, and after each submit.

    Returns:
        how many were started.

    Raises:
        StorageError: the store cannot be used, or no process can be started.
    """
    process.collect_children()
    reap(store)
    limit, started = allowed_workers(), 0
    while _has_queued(store) and _start_next(store, limit, start):
        started += 1
    return started


def reap(store: RunStore) -> int:
    """Put running jobs back whose worker is gone or hangs.

    Returns:
        how many.
    """
    with store.database.reading() as connection:
        running = connection.execute(select(jobs).where(jobs.c.state == "running")).all()
    dead = [row for row in running if _is_dead(row)]
    for row in dead:
        _end_process(row)
        with store.database.writing() as connection:
            transitions.requeue(connection, row.id, row.attempt, died=True)
    return len(dead)


def _is_dead(row: Row[tuple[object, ...]]) -> bool:
    silent = time.time() - row.heartbeat
    if silent > STALE_SECONDS:
        return True
    if row.host != HOST:
        return False
    worker = _worker(row)
    return silent > SPAWN_SECONDS if worker is None else not process.lives(worker)


def _end_process(row: Row[tuple[object, ...]]) -> None:
    worker = _worker(row)
    if worker is not None and row.host == HOST:
        process.kill(worker)


def _worker(row: Row[tuple[object, ...]]) -> Identity | None:
    return Identity(row.pid, row.pid_created) if row.pid is not None else None


def _has_queued(store: RunStore) -> bool:
    """A look without the lock, so that idle pumps never keep writers waiting."""
    with store.database.reading() as connection:
        query = select(jobs.c.id).where(jobs.c.state == "queued").limit(1)
        return connection.scalar(query) is not None


def _start_next(store: RunStore, limit: int, start: Start) -> bool:
    with store.database.writing() as connection:
        claimed = transitions.claim(connection, limit)
    if claimed is None:
        return False
    job_id, attempt = claimed
    try:
        worker = start(store.database.url, job_id, attempt)
    except StorageError:
        with store.database.writing() as connection:
            transitions.requeue(connection, job_id, attempt, died=False)
        raise
    with store.database.writing() as connection:
        transitions.adopt(connection, job_id, attempt, worker)
    return True
