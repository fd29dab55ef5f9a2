"""Twenty people at once, each clicking about once a second through all pages of the demo."""

import asyncio
import tempfile
from pathlib import Path

import numpy as np
import psutil

from tests.bench.rows import Row
from tests.bench.visitor import Visitor
from tests.browser.serving import free_port, start_server, stop_server

SESSIONS = 20
CLICKS = 21
THINK_SECONDS = 1.0
ARRIVAL_SECONDS = 6.0
"""People come one after the other; the clicks count from when all are there."""

REQUIRED_P95_MS = 150.0


def measure() -> list[Row]:
    """Time from a click to the last message of the page, and what a click costs the server."""
    with tempfile.TemporaryDirectory() as home:
        port = free_port()
        server = start_server(Path(home), port)
        try:
            seconds, cpu = asyncio.run(_crowd(f"http://127.0.0.1:{port}", server.pid))
        finally:
            stop_server(server)
    middle, tail = np.percentile(seconds, [50, 95])
    return [
        Row("sessions: 20 at 1 s think time, p50", 1000 * float(middle), "ms"),
        Row("sessions: 20 at 1 s think time, p95", 1000 * float(tail), "ms", REQUIRED_P95_MS),
        Row("sessions: server CPU of a click", 1000 * cpu / len(seconds), "ms"),
    ]


async def _crowd(url: str, pid: int) -> tuple[list[float], float]:
    """Seconds of each click, and CPU seconds of the server over all of them."""
    first = await Visitor.arrive(url)
    for page in first.pages:
        await first.run(page)
    await first.leave()
    gate = asyncio.Barrier(SESSIONS + 1)
    people = [asyncio.create_task(_person(url, number, gate)) for number in range(SESSIONS)]
    await gate.wait()
    before = _cpu_seconds(pid)
    seconds = [click for clicks in await asyncio.gather(*people) for click in clicks]
    return seconds, _cpu_seconds(pid) - before


async def _person(url: str, number: int, gate: asyncio.Barrier) -> list[float]:
    """Arrive, wait for the others, then open one page after the other."""
    generator = np.random.default_rng(number)
    await asyncio.sleep(ARRIVAL_SECONDS * number / SESSIONS)
    visitor = await Visitor.arrive(url)
    pages = list(visitor.pages)
    await gate.wait()
    await asyncio.sleep(float(generator.uniform(0, THINK_SECONDS)))
    seconds = []
    for click in range(CLICKS):
        seconds.append(await visitor.run(pages[(number + click) % len(pages)]))
        await asyncio.sleep(float(generator.uniform(0.5, 1.5)) * THINK_SECONDS)
    await visitor.leave()
    return seconds


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)
