"""Workers and memory on the form of the Sensitivity page."""

from dataclasses import replace

import pytest

from analysis.profiles import MemoryFigures
from analysis.runs.records import SweepOptions
from analysis.runs.store import RunStore
from pages.ui import sweep_machine
from tests.inspections import make_inspection
from tests.pages.seen import button, text
from tests.sensitivities import make_sensitivities

MIB = 1 << 20


@pytest.fixture
def looked_at(monkeypatch):
    """Somebody looked at the digits on a machine of four cores; a process holds 300 MiB."""
    monkeypatch.setattr(sweep_machine, "cores", lambda: 4)
    found = make_inspection(make_sensitivities(6))
    memory = MemoryFigures(300 * MIB, activation_bytes=100_000, output_values=10)
    RunStore().save_inspection("digits", replace(found, memory=memory))


def test_the_workers_reach_the_job(open_page, looked_at):
    app = open_page("sensitivity", workload="digits")
    app.number_input(key="sweep_workers").set_value(3).run()
    button(app, "Start sweep").click().run()
    assert not app.exception and not app.error
    (job,) = RunStore().jobs(owner="local")
    assert isinstance(job.options, SweepOptions)
    assert job.options.workers == 3


def test_there_are_no_more_workers_than_cores(open_page, looked_at):
    asked = open_page("sensitivity", workload="digits").number_input(key="sweep_workers")
    assert (asked.min, asked.max, asked.value) == (1, 4, 1)


def test_the_memory_is_told_and_grows_with_the_workers(open_page, looked_at, monkeypatch):
    monkeypatch.setattr(sweep_machine, "free_bytes", lambda: 20_000 * MIB)
    app = open_page("sensitivity", workload="digits")
    assert "MiB of memory with one worker; 19.5 GiB are free." in text(app)
    app.number_input(key="sweep_workers").set_value(4).run()
    assert "with 4 workers; 19.5 GiB are free." in text(app)


def test_a_sweep_that_does_not_fit_cannot_start_and_says_what_would(
    open_page, looked_at, monkeypatch
):
    monkeypatch.setattr(sweep_machine, "free_bytes", lambda: 1500 * MIB)
    app = open_page("sensitivity", workload="digits")
    assert not button(app, "Start sweep").disabled
    app.number_input(key="sweep_workers").set_value(4).run()
    assert button(app, "Start sweep").disabled
    assert "1,500 MiB are free; take" in text(app)


def test_nothing_is_said_of_a_workload_that_nobody_looked_at(open_page):
    app = open_page("sensitivity", workload="digits")
    assert "of memory with" not in text(app)
    assert not button(app, "Start sweep").disabled
