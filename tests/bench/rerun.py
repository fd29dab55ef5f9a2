"""What one more run of each page costs the server, on a net of 54 and on one of 300 layers."""

import asyncio
import os
import statistics
import subprocess
import tempfile
from pathlib import Path

import psutil

from analysis.runs.store import RunStore
from tests.bench.rows import Row
from tests.bench.visitor import Visitor
from tests.browser.serving import free_port, start_server, stop_server
from tests.sensitivities import make_sensitivities
from tests.stored import fill_store

LAYERS = (54, 300)
RERUNS = 20
SETTLE_SECONDS = 3.0
"""The server imports ahead in the background after it has answered."""

AIM_MS = 25.0

SLIDER, SLIDER_RUN, SLIDER_BITS = "Stored weights, at most", "slider", (2, 3, 4, 5, 6, 7, 8, 16)
SLIDER_MS = 100.0
"""What a move of the slider may cost at 200 layers of 8 options, the picture of the page aside."""

MOVES = (0.3, 0.35, 0.5, 0.45, 0.6, 0.7, 0.4, 0.55)


def measure() -> list[Row]:
    """CPU time of the server process over reruns of a page that has been drawn before."""
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port()
        _fill(home)
        server = start_server(home, port)
        try:
            return asyncio.run(_all_pages(f"http://127.0.0.1:{port}", server))
        finally:
            stop_server(server)


def _fill(home: Path) -> None:
    home.mkdir(exist_ok=True)
    os.environ["QUANTSCOPE_HOME"] = str(home)
    store = RunStore()
    for layers in LAYERS:
        made = make_sensitivities(layers)
        fill_store(store, made, run=f"net-{layers}", source=f"net-{layers}")
    fill_store(store, make_sensitivities(200, SLIDER_BITS), run=SLIDER_RUN, source=SLIDER_RUN)


async def _all_pages(url: str, server: subprocess.Popen[bytes]) -> list[Row]:
    process = psutil.Process(server.pid)
    await asyncio.sleep(SETTLE_SECONDS)
    rows = []
    for layers in LAYERS:
        query = f"run=net-{layers}"
        visitor = await Visitor.arrive(url, query)
        for page in visitor.pages:
            milliseconds = await _rerun(visitor, page, query, process)
            name = f"pages: rerun of {page or 'overview'} at {layers} layers, server CPU"
            rows.append(Row(name, milliseconds, "ms", aim=AIM_MS))
        await visitor.leave()
    return [*rows, *await _slides(url, process)]


async def _slides(url: str, process: psutil.Process) -> list[Row]:
    """What a move of the budget slider costs: the page, and of it the solver."""
    query = f"run={SLIDER_RUN}"
    visitor = await Visitor.arrive(url, query)
    await visitor.run("recipe", query)
    drawn = await _rerun(visitor, "recipe", query, process)
    spent = []
    for share in MOVES:
        before = _cpu_seconds(process)
        await visitor.slide("recipe", query, SLIDER, share)
        spent.append(1000 * (_cpu_seconds(process) - before))
    await visitor.leave()
    moved = statistics.median(spent)
    name = "pages: a move of the slider at 200 layers x 8 options, server CPU"
    return [
        Row(name, moved, "ms"),
        Row(f"{name} beyond a rerun", moved - drawn, "ms", SLIDER_MS),
    ]


async def _rerun(visitor: Visitor, page: str, query: str, process: psutil.Process) -> float:
    """CPU milliseconds of one rerun, the mean of `RERUNS`."""
    for _ in range(2):
        await visitor.run(page, query)
    before = _cpu_seconds(process)
    for _ in range(RERUNS):
        await visitor.run(page, query)
    return 1000 * (_cpu_seconds(process) - before) / RERUNS


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
