"""Rows of jobs, in a transaction of the caller: submit, read, list."""

import time
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row, func, insert, select

from analysis.errors import OptionError, QueueFullError, RunError, UnknownRunError
from analysis.runs.order import waiting
from analysis.runs.packing import pack, unpack
from analysis.runs.records import (
    InspectOptions,
    Job,
    JobKind,
    JobOptions,
    ProxyOptions,
    ScoreOptions,
    SweepOptions,
)
from analysis.runs.schema import jobs
from analysis.sensitivity import options as checked

MAX_QUEUED = 8
"""Queued jobs of one owner."""

EVERYBODY = "*"
"""The owner that may act on all jobs: the command line of the machine's user."""

SHARED = "shared"
"""The owner of what everybody sees and nobody may delete, such as the demo."""

OPTIONS: Mapping[JobKind, type[JobOptions]] = {
    "inspect": InspectOptions,
    "sweep": SweepOptions,
    "score": ScoreOptions,
    "proxies": ProxyOptions,
}


def submit(
    connection: Connection,
    kind: JobKind,
    source: str,
    options: JobOptions,
    *,
    owner: str,
    workload: str,
) -> Job:
    """Queue a job.

    Raises:
        QueueFullError: the owner has `MAX_QUEUED` queued jobs already.
        OptionError: an option is outside its range.
    """
    check_options(kind, options)
    queued = select(func.count()).where(jobs.c.owner == owner, jobs.c.state == "queued")
    if (connection.scalar(queued) or 0) >= MAX_QUEUED:
        raise QueueFullError(
            f"At most {MAX_QUEUED} jobs of one person can wait, and {MAX_QUEUED} of yours do; "
            "cancel one or wait until the next has started."
        )
    job_id = uuid4().hex
    row = {
        "id": job_id,
        "kind": kind,
        "source": source,
        "workload": workload,
        "owner": owner,
        "options": pack(options),
        "state": "queued",
        "created": time.time(),
    }
    connection.execute(insert(jobs).values(row))
    return fetch(connection, job_id)


def check_options(kind: JobKind, options: JobOptions) -> None:
    """Refuse options of another kind or outside their range.

    Raises:
        OptionError: a sweep that cannot be; the worker would find out only later.
    """
    if not isinstance(options, OPTIONS[kind]):
        raise ValueError(f"a job of kind {kind!r} takes {OPTIONS[kind].__name__}, not {options!r}")
    if isinstance(options, SweepOptions):
        if options.proxies:
            _check_proxies(options)
        checked.SweepOptions(**sweep_keywords(options))


def _check_proxies(options: SweepOptions) -> None:
    if options.target == "activation":
        raise OptionError(
            "Proxies rank weights, and this sweep would quantise activations alone; sweep "
            "weights or both, or leave the proxies out."
        )
    if options.stream:
        raise OptionError(
            "Proxies need the whole model in memory and measured cells, and a streamed sweep has "
            "neither; leave the proxies out."
        )


def sweep_keywords(options: SweepOptions | checked.SweepOptions) -> dict[str, Any]:
    """The options as keywords of `analysis.sweep`."""
    own = {"until_settled", "proxies", "stream"}
    names = (field.name for field in fields(options) if field.name not in own)
    return {name: getattr(options, name) for name in names}


def fetch(connection: Connection, job_id: str) -> Job:
    """One job.

    Raises:
        UnknownRunError: there is none of that id.
    """
    return _job(fetch_row(connection, job_id), waiting(connection))


def fetch_row(connection: Connection, job_id: str) -> Row[Any]:
    """The row of one job.

    Raises:
        UnknownRunError: there is none of that id.
    """
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise UnknownRunError(f"There is no run {job_id!r:.60} (any more); choose another one.")
    return row


def owned_row(connection: Connection, job_id: str, owner: str) -> Row[Any]:
    """The row of a job that this owner may change.

    Raises:
        UnknownRunError: there is none of that id.
        RunError: it belongs to somebody else.
    """
    row = fetch_row(connection, job_id)
    if owner not in (EVERYBODY, row.owner):
        raise RunError("Only the person who started a run can change it; start one of your own.")
    return row


def listing(connection: Connection, owner: str | None, limit: int) -> tuple[Job, ...]:
    """Jobs, newest first."""
    query = select(jobs).order_by(jobs.c.created.desc(), jobs.c.id).limit(limit)
    if owner is not None:
        query = query.where(jobs.c.owner == owner)
    order = waiting(connection)
    return tuple(_job(row, order) for row in connection.execute(query))


def _job(row: Row[Any], order: tuple[str, ...]) -> Job:
    return Job(
        id=row.id,
        kind=row.kind,
        source=row.source,
        workload=row.workload,
        fingerprint=row.fingerprint,
        owner=row.owner,
        options=_options(row.kind, row.options),
        state=row.state,
        phase=row.phase,
        done=int(row.done),
        total=row.total,
        created=row.created,
        started=row.started,
        ended=row.ended,
        attempt=row.attempt,
        ahead=order.index(row.id) if row.id in order else 0,
        eta_seconds=_rest_seconds(row),
        error=row.error,
    )


@lru_cache(maxsize=256)
def _options(kind: JobKind, text: str) -> JobOptions:
    """Every look at a job asks for its options, which never change."""
    options: JobOptions = unpack(OPTIONS[kind], text)
    return options


def _rest_seconds(row: Row[Any]) -> float | None:
    """Expected rest of the units, at the rate of this attempt's units."""
    if row.state != "running" or row.last_time is None or not row.first_done < row.done < row.total:
        return None
    rate = (row.done - row.first_done) / (row.last_time - row.first_time)
    return float((row.total - row.done) / rate)
