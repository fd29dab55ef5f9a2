"""Twenty people at once, each clicking about once a second through all pages of the demo."""

import asyncio
import tempfile
from pathlib import Path

import numpy as np

from tests.bench.rows import Row
from tests.bench.visitor import Visitor
from tests.browser.serving import serving

SESSIONS = 20
CLICKS = 21
THINK_SECONDS = 1.0
REQUIRED_P95_MS = 150.0


def measure() -> list[Row]:
    """p50 and p95 of the time from a click to the last message of the page."""
    with tempfile.TemporaryDirectory() as home, serving(Path(home)) as url:
        seconds = asyncio.run(_crowd(url))
    middle, tail = np.percentile(seconds, [50, 95])
    return [
        Row("sessions: 20 at 1 s think time, p50", 1000 * float(middle), "ms"),
        Row("sessions: 20 at 1 s think time, p95", 1000 * float(tail), "ms", REQUIRED_P95_MS),
    ]


async def _crowd(url: str) -> list[float]:
    first = await Visitor.arrive(url)
    for page in first.pages:
        await first.run(page)
    await first.leave()
    people = await asyncio.gather(*(_person(url, number) for number in range(SESSIONS)))
    return [seconds for clicks in people for seconds in clicks]


async def _person(url: str, number: int) -> list[float]:
    """Arrive at one's own moment, then open one page after the other."""
    generator = np.random.default_rng(number)
    await asyncio.sleep(float(generator.uniform(0, THINK_SECONDS)))
    visitor = await Visitor.arrive(url)
    pages = list(visitor.pages)
    seconds = []
    for click in range(CLICKS):
        await asyncio.sleep(float(generator.uniform(0.5, 1.5)) * THINK_SECONDS)
        seconds.append(await visitor.run(pages[(number + click) % len(pages)]))
    await visitor.leave()
    return seconds
