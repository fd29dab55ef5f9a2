"""What the server does beside serving: it keeps jobs going with no visitor present."""

import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio import to_thread

from analysis.errors import AnalysisError
from analysis.runs.queue import pump
from analysis.runs.records import InspectOptions
from pages.ui.owner import LOCAL_OWNER
from pages.ui.sockets import send_at_once
from pages.ui.state import command_line_sources, store
from pages.ui.workload_cards import inspect_job

PUMP_SECONDS = 2.0
_PRELOADED = ("pandas", "plotly.graph_objects", "scipy.optimize", "pages.ui.reads")

_log = logging.getLogger("quantscope")


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Warm up, inspect what the command line named, and supervise jobs until the end."""
    send_at_once()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(to_thread.run_sync, _warm_up)
        tasks.start_soon(_supervise)
        try:
            yield
        finally:
            tasks.cancel_scope.cancel()


def _warm_up() -> None:
    """Import what the first page needs, then keep it out of garbage collections for good."""
    for name in _PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()


async def _supervise() -> None:
    said = await to_thread.run_sync(attempt, inspect_named_sources)
    if said is not None:
        _log.warning("supervisor: %s", said)
    while True:
        problem = await to_thread.run_sync(attempt, pump_once)
        if problem is not None and problem != said:
            _log.warning("supervisor: %s", problem)
        said = problem
        await anyio.sleep(PUMP_SECONDS)


def attempt(work: Callable[[], None]) -> str | None:
    """Do it; what went wrong, if anything.

    A full disk or a locked store must not end supervision: the next round tries again.
    """
    try:
        work()
    except (AnalysisError, OSError) as error:
        return str(error)
    return None


def pump_once() -> None:
    """Bring dead workers' jobs back and start the next one."""
    pump(store())


def inspect_named_sources() -> None:
    """Queue a look at each workload of the command line that nobody looked at yet."""
    for source in command_line_sources():
        if store().inspection_of(source) is None and inspect_job(source, live=True) is None:
            store().submit("inspect", source, InspectOptions(), owner=LOCAL_OWNER)
