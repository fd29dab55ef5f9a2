"""How a job's state changes, in a transaction of the caller.

    queued ──claim──> running ──end──> done | failed | cancelled
      ^ │                │
      │ └──cancel────────│──────────────────────> cancelled
      └──requeue─────────┘        (the worker died or was stopped)
      └──resume── failed | cancelled              (points are kept)

A change by a worker names its attempt: one that was given up in the meantime changes nothing.
"""

import time
from typing import Any, Literal

from sqlalchemy import Connection, func, select, update

from analysis.errors import RunError
from analysis.runs.jobs import fetch_row, owned_row
from analysis.runs.order import waiting
from analysis.runs.process import HOST, Identity, log_path
from analysis.runs.schema import QUEUE_LOCK, facts, jobs

MAX_BARREN_ATTEMPTS = 3
"""Attempts in a row that may die without finishing a unit."""

Ending = Literal["done", "failed", "cancelled"]


def claim(connection: Connection, workers: int) -> tuple[str, int] | None:
    """Take the next queued job unless `workers` run already.

    Returns:
        the job's id and the number of this attempt, or None.
    """
    locked = update(facts).where(facts.c.name == QUEUE_LOCK).values(value="")
    connection.execute(locked)
    running = select(func.count()).where(jobs.c.state == "running")
    if (connection.scalar(running) or 0) >= workers:
        return None
    order = waiting(connection)
    if not order:
        return None
    row, now = fetch_row(connection, order[0]), time.time()
    _set(
        connection,
        row.id,
        state="running",
        phase="starting",
        attempt=row.attempt + 1,
        started=row.started if row.started is not None else now,
        claimed=now,
        heartbeat=now,
        host=HOST,
        pid=None,
        pid_created=None,
        first_done=None,
        first_time=None,
        last_time=None,
    )
    return row.id, row.attempt + 1


def adopt(connection: Connection, job_id: str, attempt: int, worker: Identity) -> bool:
    """Note which process works on the attempt; False when it was given up."""
    return change(
        connection, job_id, attempt, pid=worker.pid, pid_created=worker.created, host=HOST
    )


def change(connection: Connection, job_id: str, attempt: int, **values: Any) -> bool:
    """Set columns of a running attempt; False when it was given up."""
    mine = (jobs.c.id == job_id, jobs.c.attempt == attempt, jobs.c.state == "running")
    return connection.execute(update(jobs).where(*mine).values(values)).rowcount == 1


def end(
    connection: Connection, job_id: str, attempt: int, state: Ending, error: str | None = None
) -> bool:
    """Finish a running attempt; False when it was given up."""
    values = {"state": state, "error": error, "ended": time.time(), "phase": ""}
    return change(connection, job_id, attempt, **values)


def requeue(connection: Connection, job_id: str, attempt: int, *, died: bool) -> bool:
    """Put a running attempt back: the worker died, or was asked to stop.

    A job whose workers die again and again without finishing a unit fails.
    """
    row = fetch_row(connection, job_id)
    if row.cancel:
        return end(connection, job_id, attempt, "cancelled")
    barren = 0 if row.last_time is not None else row.barren + int(died)
    if barren >= MAX_BARREN_ATTEMPTS:
        sentence = (
            f"A worker must live until it finishes a unit, and {barren} in a row died before "
            f"that (mostly for lack of memory); read {log_path(job_id)}, free memory or take "
            "smaller batches, and resume."
        )
        return end(connection, job_id, attempt, "failed", sentence)
    values = {"state": "queued", "phase": "", "pid": None, "pid_created": None, "barren": barren}
    return change(connection, job_id, attempt, **values)


def cancel(connection: Connection, job_id: str, owner: str) -> None:
    """Stop a job: at once while it waits, after the present unit while it runs.

    Raises:
        UnknownRunError: there is none of that id.
        RunError: it belongs to somebody else.
    """
    row = owned_row(connection, job_id, owner)
    if row.state == "queued":
        _set(connection, job_id, state="cancelled", ended=time.time())
    elif row.state == "running":
        _set(connection, job_id, cancel=True, phase="cancelling")


def resume(connection: Connection, job_id: str, owner: str) -> None:
    """Queue a failed or cancelled job again; it goes on from its points.

    Raises:
        UnknownRunError: there is none of that id.
        RunError: it belongs to somebody else, or did not fail.
    """
    row = owned_row(connection, job_id, owner)
    if row.state not in ("failed", "cancelled"):
        raise RunError(
            f"Only a failed or cancelled run can be resumed, and this one is {row.state}; "
            "start a new one."
        )
    _set(connection, job_id, state="queued", error=None, ended=None, cancel=False, barren=0)


def _set(connection: Connection, job_id: str, **values: Any) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))
