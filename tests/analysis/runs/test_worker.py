"""How a worker's attempt ends, whatever the work does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.errors import CancelledError, StorageError, UnknownWorkloadError
from analysis.runs import attempt as attempt_module
from analysis.runs import steps, transitions, worker
from analysis.runs.attempt import Attempt
from analysis.runs.jobs import fetch_row
from analysis.runs.process import log_path
from analysis.runs.records import Job, SweepOptions
from analysis.runs.store import RunStore
from analysis.sensitivity.points import CellSamples
from tests.sensitivities import make_sensitivities

Floats = NDArray[np.float64]
RESULT = make_sensitivities(layers=3)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> RunStore:
    monkeypatch.setattr(attempt_module, "BEAT_SECONDS", 0.02)
    return RunStore()


@pytest.fixture
def attempt(store: RunStore) -> Attempt:
    """The first attempt at a sweep, in this process."""
    job = store.submit("sweep", "digits", SweepOptions(), owner="ann")
    with store.database.writing() as connection:
        claimed = transitions.claim(connection, workers=1)
    assert claimed == (job.id, 1)
    made = Attempt(store, *claimed)
    assert made.adopt()
    return made


def job_of(attempt: Attempt) -> Job:
    return attempt.store.job(attempt.job_id)


def does(monkeypatch: pytest.MonkeyPatch, work: Callable[[Attempt], None]) -> None:
    monkeypatch.setattr(steps, "run", work)


def until(fact: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not fact():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_finished_work_is_done(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    def work(attempt: Attempt) -> None:
        attempt.expect(3)
        for unit in (1, 2, 3):
            attempt.advance(unit)

    does(monkeypatch, work)
    assert worker.work(attempt)
    row = job_of(attempt)
    assert (row.state, row.done, row.total, row.error) == ("done", 3, 3, None)


def test_what_a_user_can_meet_is_told_as_it_is(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(_: Attempt) -> None:
        raise UnknownWorkloadError("There is no such workload; choose one.")

    does(monkeypatch, work)
    assert worker.work(attempt)
    row = job_of(attempt)
    assert (row.state, row.error) == ("failed", "There is no such workload; choose one.")


@pytest.mark.parametrize(
    "error", [ValueError("odd\nand long"), SystemExit("enough")], ids=["error", "exit"]
)
def test_a_fault_names_its_cause_and_the_log(
    attempt: Attempt,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
) -> None:
    def work(attempt: Attempt) -> None:
        attempt.store.save_setup(attempt.job_id, RESULT.setup)
        raise error

    does(monkeypatch, work)
    assert worker.work(attempt)
    first = str(error).split("\n")[0]
    assert job_of(attempt).error == (
        f"Something went wrong inside Quantscope ({type(error).__name__}: {first}); "
        f"the log is {log_path(attempt.job_id)}."
    )
    assert "Traceback" in caplog.text
    assert attempt.store.setup(attempt.job_id) == RESULT.setup


def test_a_cancelled_sweep_stops_between_units(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(attempt: Attempt) -> None:
        attempt.store.cancel(attempt.job_id, owner="ann")
        while True:
            attempt.check()
            time.sleep(0.01)

    does(monkeypatch, work)
    assert worker.work(attempt)
    assert (job_of(attempt).state, job_of(attempt).error) == ("cancelled", None)


def test_a_stopped_worker_leaves_its_job_to_the_next(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(attempt: Attempt) -> None:
        attempt.stop("stopped")
        attempt.check()

    does(monkeypatch, work)
    assert not worker.work(attempt)  # who stops this worker does not want another one
    assert job_of(attempt).state == "queued"
    with attempt.store.database.reading() as connection:
        assert fetch_row(connection, attempt.job_id).barren == 0


def test_a_job_given_to_another_worker_is_let_go(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(attempt: Attempt) -> None:
        with attempt.store.database.writing() as connection:
            transitions.requeue(connection, attempt.job_id, 1, died=True)
            transitions.claim(connection, workers=1)
        until(lambda: _stops(attempt))
        attempt.check()

    does(monkeypatch, work)
    assert worker.work(attempt)
    assert (job_of(attempt).state, job_of(attempt).attempt) == ("running", 2)


def _stops(attempt: Attempt) -> bool:
    try:
        attempt.check()
    except CancelledError:
        return True
    return False


def test_a_job_taken_back_is_not_adopted(attempt: Attempt) -> None:
    late = Attempt(attempt.store, attempt.job_id, 2)
    assert not late.adopt()
    assert worker.main([attempt.job_id, "2"]) == 0
    assert job_of(attempt).state == "running"


def test_a_worker_beats_while_it_works(attempt: Attempt) -> None:
    def heartbeat() -> float:
        with attempt.store.database.reading() as connection:
            return float(fetch_row(connection, attempt.job_id).heartbeat)

    first = heartbeat()
    with attempt.beating():
        until(lambda: heartbeat() > first)
    last = heartbeat()
    time.sleep(0.1)
    assert heartbeat() == last


def test_progress_goes_on_from_what_was_there(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_module, "PROGRESS_SECONDS", 0.0)
    attempt.begin("sweeping")
    attempt.expect(30, done=10.0)
    assert (job_of(attempt).phase, job_of(attempt).eta_seconds) == ("sweeping", None)
    time.sleep(0.05)
    attempt.advance(15.5)
    row = job_of(attempt)
    assert (row.done, row.total) == (15, 30)
    assert row.eta_seconds is not None
    assert row.eta_seconds > 0.05 * 14.5 / 5.5 * 0.9


def test_progress_is_written_a_few_times_a_second_only(attempt: Attempt) -> None:
    attempt.expect(1000)
    for unit in range(1, 21):
        attempt.advance(float(unit))
    assert job_of(attempt).done == 1
    attempt.begin("choosing")
    assert (job_of(attempt).done, job_of(attempt).phase) == (20, "choosing")


def test_a_unit_waits_for_a_disk_with_room(
    attempt: Attempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    point, tries = RESULT.points[0], []
    chunk = CellSamples(point.cell, 0, *_figures())
    add = attempt.store.add

    def full_twice(*arguments: object) -> None:
        tries.append(arguments)
        if len(tries) < 3:
            raise StorageError("The disk is full; make room.")
        add(attempt.job_id, chunk, point)

    monkeypatch.setattr("analysis.runs.attempt.time.sleep", lambda _: None)
    monkeypatch.setattr(attempt.store, "add", full_twice)
    attempt.keep(chunk, point)
    assert len(tries) == 3
    assert attempt.store.points(attempt.job_id) == (point,)


def test_a_disk_that_stays_full_is_told(attempt: Attempt, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageError("The disk is full; make room.")

    monkeypatch.setattr(attempt_module, "STORAGE_SECONDS", 0.0)
    monkeypatch.setattr(attempt.store, "add", full)
    point = RESULT.points[0]
    with pytest.raises(StorageError, match="full"):
        attempt.keep(CellSamples(point.cell, 0, *_figures()), point)


def _figures() -> tuple[Floats, Floats]:
    return np.zeros(4), np.zeros((4, 2))


WORKER = """
import sys, time
from analysis.runs import attempt, steps, worker

attempt.BEAT_SECONDS, attempt.GRACE_SECONDS, attempt.UNIT_SECONDS = 0.05, 0.2, float(sys.argv[3])

def work(attempt):
    attempt.begin("sweeping")
    attempt.expect(5)
    attempt.advance(2.0)
    print("working", flush=True)
    {work}

steps.run = work
sys.exit(worker.main(sys.argv[1:3]))
"""
HANGS = "time.sleep(60)"
CHECKS = "while True: time.sleep(0.01); attempt.check()"


def run_worker(attempt: Attempt, work: str, unit_seconds: float = 60.0) -> "subprocess.Popen[str]":
    """A process whose work is replaced, once it is at it."""
    child = subprocess.Popen(
        [sys.executable, "-c", WORKER.format(work=work), attempt.job_id, "1", str(unit_seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "working\n"
    child.stdout.close()
    return child


@pytest.mark.slow
def test_a_unit_that_does_not_end_cannot_keep_a_cancelled_job(attempt: Attempt) -> None:
    child = run_worker(attempt, HANGS)
    attempt.store.cancel(attempt.job_id, owner="ann")
    child.wait(timeout=10)
    assert job_of(attempt).state == "cancelled"


@pytest.mark.slow
def test_a_sweep_that_finishes_no_unit_fails(attempt: Attempt) -> None:
    child = run_worker(attempt, HANGS, unit_seconds=0.2)
    child.wait(timeout=10)
    row = job_of(attempt)
    assert row.state == "failed"
    assert "must finish a unit" in str(row.error)


@pytest.mark.slow
@pytest.mark.parametrize("work", [CHECKS, HANGS], ids=["between units", "within a unit"])
def test_a_terminated_worker_puts_its_job_back(attempt: Attempt, work: str) -> None:
    child = run_worker(attempt, work)
    os.kill(child.pid, signal.SIGTERM)
    child.wait(timeout=10)
    row = job_of(attempt)
    assert (row.state, row.done, row.attempt) == ("queued", 2, 1)


@pytest.mark.slow
def test_a_worker_steps_behind_other_processes_once(attempt: Attempt) -> None:
    child = run_worker(attempt, CHECKS)
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == max(worker.NICENESS, os.nice(0))
    child.kill()
    child.wait()
