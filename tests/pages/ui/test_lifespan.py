import json

import anyio
import pytest

from analysis.errors import StorageError
from analysis.runs.store import RunStore
from pages.ui import lifespan
from tests.inspections import make_inspection
from tests.sensitivities import make_sensitivities


@pytest.fixture
def named(monkeypatch):
    monkeypatch.setenv("QUANTSCOPE_WORKLOADS", json.dumps(["/a.py:make", "/b.py:make"]))


def looks() -> list[str]:
    return sorted(job.source for job in RunStore().jobs() if job.kind == "inspect")


@pytest.mark.usefixtures("named")
def test_workloads_of_the_command_line_are_looked_at_once():
    lifespan.inspect_named_sources()
    lifespan.inspect_named_sources()
    assert looks() == ["/a.py:make", "/b.py:make"]


@pytest.mark.usefixtures("named")
def test_a_workload_that_was_looked_at_is_left_alone():
    RunStore().save_inspection("/a.py:make", make_inspection(make_sensitivities(3)))
    lifespan.inspect_named_sources()
    assert looks() == ["/b.py:make"]


def test_a_failing_round_of_supervision_is_told_and_not_raised():
    def full() -> None:
        raise StorageError("The disk is full.")

    assert lifespan.attempt(full) == "The disk is full."
    assert lifespan.attempt(lambda: None) is None


def test_the_server_starts_and_stops_with_its_supervisor():
    async def live() -> None:
        async with lifespan.lifespan(None):
            await anyio.sleep(0.05)

    anyio.run(live)
