"""Jobs start one after another, whoever pumps and whoever dies."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.errors import OptionError, StorageError
from analysis.runs import queue, transitions
from analysis.runs.jobs import fetch_row
from analysis.runs.process import HOST, Identity, identity, kill, lives, this_process
from analysis.runs.queue import pump, reap
from analysis.runs.records import InspectOptions, Job
from analysis.runs.store import RunStore

Child = subprocess.Popen[bytes]


class Workers:
    """Starts processes that do nothing, in place of workers."""

    def __init__(self) -> None:
        self.children: dict[str, Child] = {}

    def __call__(self, url: str, job_id: str, attempt: int) -> Identity:
        self.children[job_id] = subprocess.Popen(["sleep", "60"])
        found = identity(self.children[job_id].pid)
        assert found is not None
        return found

    def end(self, job_id: str) -> None:
        self.children[job_id].kill()
        self.children[job_id].wait()


@pytest.fixture
def workers() -> Iterator[Workers]:
    started = Workers()
    yield started
    for job_id in started.children:
        started.end(job_id)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(f"sqlite:///{tmp_path / 'runs.db'}")


def submit(store: RunStore, owner: str = "ann") -> Job:
    return store.submit("inspect", "digits", InspectOptions(), owner=owner)


def alter(store: RunStore, job: Job, **values: object) -> None:
    with store.database.writing() as connection:
        assert transitions.change(connection, job.id, store.job(job.id).attempt, **values)


def test_one_job_runs_and_the_others_wait(store: RunStore, workers: Workers) -> None:
    first, second = submit(store), submit(store)
    assert pump(store, start=workers) == 1
    assert pump(store, start=workers) == 0
    assert (store.job(first.id).state, store.job(first.id).attempt) == ("running", 1)
    assert (store.job(second.id).state, store.job(second.id).ahead) == ("queued", 0)


def test_as_many_run_as_are_allowed(
    store: RunStore, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUANTSCOPE_WORKERS", "2")
    for _ in range(3):
        submit(store)
    assert pump(store, start=workers) == 2
    assert len(workers.children) == 2


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_workers_that_cannot_be_is_said(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("QUANTSCOPE_WORKERS", text)
    with pytest.raises(OptionError, match="QUANTSCOPE_WORKERS"):
        pump(store)


def test_a_killed_worker_is_replaced(store: RunStore, workers: Workers) -> None:
    job = submit(store)
    pump(store, start=workers)
    workers.end(job.id)
    assert pump(store, start=workers) == 1
    assert (store.job(job.id).state, store.job(job.id).attempt) == ("running", 2)


def test_a_living_worker_is_left_alone(store: RunStore, workers: Workers) -> None:
    job = submit(store)
    pump(store, start=workers)
    assert reap(store) == 0
    assert store.job(job.id).state == "running"


def test_a_process_number_used_again_is_no_living_worker(store: RunStore, workers: Workers) -> None:
    job = submit(store)
    pump(store, start=workers)
    alter(store, job, pid=os.getpid(), pid_created=this_process().created - 60)
    assert reap(store) == 1
    assert store.job(job.id).state == "queued"


def test_a_worker_that_hangs_is_killed_and_replaced(store: RunStore, workers: Workers) -> None:
    job = submit(store)
    pump(store, start=workers)
    child = workers.children[job.id]
    alter(store, job, heartbeat=time.time() - queue.STALE_SECONDS - 1)
    assert reap(store) == 1
    assert child.wait(timeout=5) == -9
    assert store.job(job.id).state == "queued"


def test_a_silent_worker_of_another_host_is_given_up_and_not_killed_here(
    store: RunStore, workers: Workers
) -> None:
    job = submit(store)
    pump(store, start=workers)
    workers_pid = workers.children[job.id].pid
    alter(store, job, host="elsewhere")
    assert reap(store) == 0
    alter(store, job, heartbeat=1.0)
    assert reap(store) == 1
    found = identity(workers_pid)
    assert found is not None
    assert lives(found)


def test_a_claim_whose_pump_died_is_taken_back(store: RunStore) -> None:
    job = submit(store)
    with store.database.writing() as connection:
        transitions.claim(connection, workers=1)
    assert reap(store) == 0
    alter(store, job, heartbeat=time.time() - queue.SPAWN_SECONDS - 1)
    assert reap(store) == 1
    assert store.job(job.id).state == "queued"


def test_three_deaths_in_a_row_are_enough(store: RunStore, workers: Workers) -> None:
    job = submit(store)
    for _ in range(3):
        assert pump(store, start=workers) == 1
        workers.end(job.id)
    assert pump(store, start=workers) == 0
    row = store.job(job.id)
    assert (row.state, row.attempt) == ("failed", 3)
    assert str(row.error).endswith(".")


def test_a_cancelled_job_whose_worker_died_stays_cancelled(
    store: RunStore, workers: Workers
) -> None:
    job = submit(store)
    pump(store, start=workers)
    store.cancel(job.id, owner="ann")
    workers.end(job.id)
    assert pump(store, start=workers) == 0
    assert store.job(job.id).state == "cancelled"


def test_a_worker_that_cannot_be_started_leaves_its_job_waiting(store: RunStore) -> None:
    def fails(url: str, job_id: str, attempt: int) -> Identity:
        raise StorageError("No memory for a process; free some.")

    job = submit(store)
    for _ in range(4):  # more often than a worker may die
        with pytest.raises(StorageError, match="No memory"):
            pump(store, start=fails)
    assert store.job(job.id).state == "queued"


def test_the_worker_is_noted_with_its_host(store: RunStore, workers: Workers) -> None:
    job = submit(store)
    pump(store, start=workers)
    with store.database.reading() as connection:
        found = fetch_row(connection, job.id)
    assert (found.host, found.pid) == (HOST, workers.children[job.id].pid)
    kill(Identity(found.pid, found.pid_created))
    assert workers.children[job.id].wait(timeout=5) == -9


RACER = """
import os, sys, time
from analysis.errors import StorageError
from analysis.runs import transitions
from analysis.runs.process import this_process
from analysis.runs.queue import pump
from analysis.runs.records import InspectOptions
from analysis.runs.store import RunStore

url, journal, go, owner = sys.argv[1:]

def note(word, job_id):
    file = os.open(journal, os.O_APPEND | os.O_WRONLY | os.O_CREAT)
    os.write(file, f"{word} {job_id}\\n".encode())
    os.close(file)

def worker(url, job_id, attempt):
    "Does the job at once, in this process."
    note("start", job_id)
    time.sleep(0.005)
    note("end", job_id)
    with store.database.writing() as connection:
        assert transitions.end(connection, job_id, attempt, "done")
    return this_process()

while not os.path.exists(go):
    time.sleep(0.01)
store = RunStore(url)
for _ in range(8):
    store.submit("inspect", "digits", InspectOptions(), owner=owner)
    pump(store, start=worker)
end = time.monotonic() + 30
while any(job.live for job in store.jobs(owner=owner)) and time.monotonic() < end:
    pump(store, start=worker)
    time.sleep(0.01)
"""


@pytest.mark.slow
def test_six_processes_at_once_never_run_too_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They also create the store at once; the journal tells how many ran at any time."""
    monkeypatch.setenv("QUANTSCOPE_WORKERS", "2")
    url, journal, go = f"sqlite:///{tmp_path}/runs.db", tmp_path / "journal", tmp_path / "go"
    racers = [
        subprocess.Popen([sys.executable, "-c", RACER, url, journal, go, f"owner {number}"])
        for number in range(6)
    ]
    go.touch()
    assert [racer.wait(timeout=60) for racer in racers] == [0] * 6
    running: set[str] = set()
    started: list[str] = []
    most = 0
    for line in journal.read_text().splitlines():
        word, job_id = line.split()
        if word == "start":
            started.append(job_id)
            running.add(job_id)
        else:
            running.remove(job_id)
        most = max(most, len(running))
    assert len(started) == len(set(started)) == 48
    assert most <= 2
    assert {job.state for job in RunStore(url).jobs()} == {"done"}
