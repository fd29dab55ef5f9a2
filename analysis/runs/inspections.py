"""What looks at workloads found, in a transaction of the caller."""

from functools import lru_cache

from sqlalchemy import Connection, Select, delete, insert, select

from analysis.profiles import Inspection
from analysis.runs.packing import deflate, inflate, pack, unpack
from analysis.runs.schema import inspections

_NEWEST_FIRST = (inspections.c.created.desc(), inspections.c.number.desc())


def put(connection: Connection, source: str, inspection: Inspection, created: float) -> None:
    """Keep an inspection; an earlier one of the same weights and source is replaced."""
    same = (
        inspections.c.source == source,
        inspections.c.fingerprint == inspection.fingerprint,
    )
    connection.execute(delete(inspections).where(*same))
    row = {
        "source": source,
        "fingerprint": inspection.fingerprint,
        "workload": inspection.workload,
        "created": created,
        "body": deflate(pack(inspection)),
    }
    connection.execute(insert(inspections).values(row))


def put_from_outside(connection: Connection, source: str, inspection: Inspection) -> None:
    """Keep an inspection that somebody else made, behind every look of this store's own."""
    query = select(inspections.c.number).where(
        inspections.c.source == source, inspections.c.fingerprint == inspection.fingerprint
    )
    if connection.scalar(query) is None:
        put(connection, source, inspection, created=0.0)


def by_fingerprint(connection: Connection, fingerprint: str) -> Inspection | None:
    """The newest look at these weights."""
    return _newest(connection, _BODIES.where(inspections.c.fingerprint == fingerprint))


def by_source(connection: Connection, source: str) -> Inspection | None:
    """The newest look at what this source gives."""
    return _newest(connection, _BODIES.where(inspections.c.source == source))


def sources(connection: Connection) -> tuple[tuple[str, str], ...]:
    """Sources that were looked at, with the workload's name, newest first."""
    query = select(inspections.c.source, inspections.c.workload).order_by(*_NEWEST_FIRST)
    names: dict[str, str] = {}
    for source, workload in connection.execute(query):
        names.setdefault(source, workload)
    return tuple(names.items())


_BODIES = select(inspections.c.body)


def _newest(connection: Connection, query: Select[bytes]) -> Inspection | None:
    blob = connection.scalar(query.order_by(*_NEWEST_FIRST).limit(1))
    return _read(blob) if blob is not None else None


@lru_cache(maxsize=16)
def _read(blob: bytes) -> Inspection:
    return unpack(Inspection, inflate(blob))
