"""What sweeps leave, in a transaction of the caller: setup, points, samples, cost."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, TypeVar

from sqlalchemy import Connection, delete, insert, select, update

from analysis.allocation.groupings import Grouping
from analysis.allocation.regroup import regroup
from analysis.errors import UnknownRunError
from analysis.runs.packing import (
    array_bytes,
    deflate,
    doubles,
    floats,
    inflate,
    pack,
    unpack,
)
from analysis.runs.schema import findings, points, samples, sweeps
from analysis.sensitivity.points import (
    Cell,
    CellSamples,
    Sensitivities,
    SweepCost,
    SweepPoint,
    SweepSetup,
)
from analysis.sensitivity.proxies.values import ProxyResult, ProxyResults
from analysis.sensitivity.stability import Reliability

Finding = Literal["interactions", "calibration", "groups", "terms", "proxies", "first look"]
"""What is kept by the id of a run; "terms" by that of a recipe."""

T = TypeVar("T")


def save_setup(connection: Connection, run: str, setup: SweepSetup) -> None:
    """Keep what is known before the first point; the first look has served."""
    drop_finding(connection, run, "first look")
    connection.execute(delete(sweeps).where(sweeps.c.run == run))
    connection.execute(insert(sweeps).values(run=run, setup=pack(setup)))


def setup_of(connection: Connection, run: str) -> SweepSetup | None:
    """What is known before the first point; None before the sweep began."""
    text = connection.scalar(select(sweeps.c.setup).where(sweeps.c.run == run))
    return unpack(SweepSetup, text) if text is not None else None


def save_cost(connection: Connection, run: str, cost: SweepCost) -> None:
    """Keep what the sweep took so far; its setup must be there."""
    connection.execute(update(sweeps).where(sweeps.c.run == run).values(cost=pack(cost)))


def cost_of(connection: Connection, run: str) -> SweepCost:
    """What the sweep took so far; nothing before its first figures."""
    text = connection.scalar(select(sweeps.c.cost).where(sweeps.c.run == run))
    return unpack(SweepCost, text) if text is not None else SweepCost(0.0, 0.0, 0)


def save_judgement(
    connection: Connection, run: str, reliability: Reliability | None, notes: tuple[str, ...]
) -> None:
    """Keep how sure an ended sweep is, and its notes; its setup must be there."""
    values = {"reliability": pack(reliability) if reliability else None, "notes": pack(notes)}
    connection.execute(update(sweeps).where(sweeps.c.run == run).values(**values))


def judgement_of(connection: Connection, run: str) -> tuple[Reliability | None, tuple[str, ...]]:
    """How sure the sweep is, and its notes; nothing before its end."""
    columns = (sweeps.c.reliability, sweeps.c.notes)
    row = connection.execute(select(*columns).where(sweeps.c.run == run)).one_or_none()
    if row is None:
        return None, ()
    sure = unpack(Reliability, row.reliability) if row.reliability else None
    return sure, unpack(tuple[str, ...], row.notes) if row.notes else ()


def put_finding(connection: Connection, run: str, name: Finding, value: object) -> None:
    """Keep what was made of the figures; an earlier one of that name is replaced."""
    drop_finding(connection, run, name)
    body = deflate(pack(value))
    connection.execute(insert(findings).values(run=run, name=name, body=body))


def drop_finding(connection: Connection, run: str, name: Finding) -> None:
    """Forget a finding."""
    mine = (findings.c.run == run, findings.c.name == name)
    connection.execute(delete(findings).where(*mine))


def finding_of(connection: Connection, run: str, name: Finding, kind: type[T]) -> T | None:
    """A finding of that name; None where there is none."""
    mine = (findings.c.run == run, findings.c.name == name)
    body = connection.scalar(select(findings.c.body).where(*mine))
    return None if body is None else unpack(kind, inflate(body))


def put_proxies(connection: Connection, run: str, found: Iterable[ProxyResult]) -> None:
    """Keep proxies of a run beside those that are there; one of the same name is replaced."""
    known = {proxy.name: proxy for proxy in (*proxies_of(connection, run), *found)}
    put_finding(connection, run, "proxies", ProxyResults(tuple(known.values())))


def proxies_of(connection: Connection, run: str) -> tuple[ProxyResult, ...]:
    """The proxies of a run, in the order they were computed."""
    stored = finding_of(connection, run, "proxies", ProxyResults)
    return () if stored is None else stored.found


def put_point(connection: Connection, run: str, point: SweepPoint) -> None:
    """Keep a point; an earlier one of the same cell is replaced."""
    key = _key(run, point.cell)
    same = (points.c[name] == value for name, value in key.items())
    connection.execute(delete(points).where(*same))
    connection.execute(insert(points).values(**key, body=pack(point)))


def put_samples(connection: Connection, run: str, chunk: CellSamples) -> None:
    """Keep the raw figures of one cell on one unit; the same unit is replaced."""
    key = {**_key(run, chunk.cell), "stage": chunk.stage, "start": chunk.start}
    same = (samples.c[name] == value for name, value in key.items())
    connection.execute(delete(samples).where(*same))
    row = {
        "samples": chunk.samples,
        "length": len(chunk.divergence),
        "divergence": array_bytes(chunk.divergence),
        "statistics": array_bytes(chunk.statistics),
        "shifts": array_bytes(chunk.shifts) if chunk.shifts is not None else None,
    }
    connection.execute(insert(samples).values(**key, **row))


def points_of(connection: Connection, run: str) -> tuple[SweepPoint, ...]:
    """The newest point of each cell, in the order they were measured."""
    query = select(points.c.body).where(points.c.run == run).order_by(points.c.number)
    bodies = ",".join(connection.scalars(query))
    return unpack(tuple[SweepPoint, ...], f"[{bodies}]")


def samples_of(connection: Connection, run: str) -> tuple[CellSamples, ...]:
    """All raw figures, in the order they were measured."""
    query = select(samples).where(samples.c.run == run).order_by(samples.c.number)
    return tuple(
        CellSamples(
            cell=Cell(row.layer, row.target, row.label),
            start=row.start,
            divergence=doubles(row.divergence, row.length)[:, 0],
            statistics=doubles(row.statistics, row.length),
            stage=row.stage,
            shifts=floats(row.shifts, row.length) if row.shifts is not None else None,
            samples=row.samples,
        )
        for row in connection.execute(query)
    )


def sensitivities_of(connection: Connection, run: str) -> Sensitivities:
    """Everything learnt so far, with the decision groups as somebody edited them.

    Raises:
        UnknownRunError: no sweep of that id has begun.
    """
    setup = setup_of(connection, run)
    if setup is None:
        raise UnknownRunError(
            f"The run {run!r:.60} must have begun to measure, and it has not (or does not exist "
            "any more); wait for its first points or choose another run."
        )
    found = points_of(connection, run)
    whole = Sensitivities.assemble(setup, found, cost_of(connection, run), run=run)
    edited = finding_of(connection, run, "groups", Grouping)
    if edited is not None:
        whole = regroup(whole, edited.groups, inputs=edited.inputs)
    reliability, notes = judgement_of(connection, run)
    return replace(whole, reliability=reliability, notes=notes)


def erase(connection: Connection, run: str) -> None:
    """Forget everything a sweep left."""
    for table in (sweeps, points, samples, findings):
        connection.execute(delete(table).where(table.c.run == run))


def _key(run: str, cell: Cell) -> dict[str, str]:
    return {"run": run, "layer": cell.layer, "target": cell.target, "label": cell.label}
