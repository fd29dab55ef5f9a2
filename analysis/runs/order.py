"""Whose turn it is: the queue in the order in which its jobs will start."""

import heapq
import time
from collections import defaultdict, deque

from sqlalchemy import Connection, func, select

from analysis.runs.schema import jobs

RECENT_SECONDS = 3600.0
"""How long a started job counts against its owner."""


def waiting(connection: Connection) -> tuple[str, ...]:
    """Ids of the queued jobs, next first.

    The owner with the fewest recently started jobs comes first, so that somebody who queues eight
    sweeps delays a newcomer by one job, not by eight; among equals the oldest job is first.
    """
    queues: defaultdict[str, deque[tuple[float, str]]] = defaultdict(deque)
    queued = select(jobs.c.owner, jobs.c.created, jobs.c.id).where(jobs.c.state == "queued")
    for owner, created, job_id in connection.execute(queued.order_by(jobs.c.created, jobs.c.id)):
        queues[owner].append((created, job_id))
    if not queues:
        return ()
    recent = _recently_started(connection)
    turns = [(recent.get(owner, 0), *queue[0], owner) for owner, queue in queues.items()]
    heapq.heapify(turns)
    order: list[str] = []
    while turns:
        started, _, job_id, owner = heapq.heappop(turns)
        order.append(job_id)
        queues[owner].popleft()
        if queues[owner]:
            heapq.heappush(turns, (started + 1, *queues[owner][0], owner))
    return tuple(order)


def _recently_started(connection: Connection) -> dict[str, int]:
    recent = (
        select(jobs.c.owner, func.count().label("started"))
        .where(jobs.c.claimed > time.time() - RECENT_SECONDS)
        .group_by(jobs.c.owner)
    )
    return {row.owner: row.started for row in connection.execute(recent)}
