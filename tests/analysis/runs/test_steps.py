"""Real jobs on a small net: nothing that was measured is lost, whoever dies and of what."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.allocation.rivals import rivals
from analysis.errors import StorageError
from analysis.runs import inspections, process, transitions, worker
from analysis.runs.attempt import Attempt
from analysis.runs.jobs import fetch_row
from analysis.runs.process import log_path
from analysis.runs.queue import pump
from analysis.runs.records import InspectOptions, Job, ProxyOptions, ScoreOptions, SweepOptions
from analysis.runs.store import RunStore
from analysis.sensitivity.points import CellSamples, SweepPoint
from analysis.sensitivity.proxies.catalogue import PROXIES

CASE = '''
import time
import torch
from torch import nn
from analysis import Workload
from analysis.metrics import Top1

class Slowly(nn.Module):
    """Long enough to be killed in the middle."""
    def forward(self, x):
        time.sleep({seconds})
        return x

def make():
    torch.manual_seed({seed})
    net = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(),
                        nn.Linear(16, 4), Slowly())
    make = torch.Generator().manual_seed(1)
    def batches(count):
        inputs = [torch.randn(256, 6, generator=make) for _ in range(count)]
        return [(x, net(x).argmax(1)) for x in inputs]
    return Workload(name="tiny", model=net.eval(), calibration=batches(2), sweep=batches(4),
                    evaluation=batches(4), metric=Top1())
'''
SERVER = """
import sys, time
from analysis.runs.queue import pump
from analysis.runs.store import RunStore
pump(RunStore())
print("pumped", flush=True)
time.sleep(60)
"""
OPTIONS = SweepOptions(bits=(2, 4, 8))


@pytest.fixture
def store() -> Iterator[RunStore]:
    yield RunStore()
    for child in process._children:
        child.wait(timeout=60)
    process.collect_children()


def write_case(tmp_path: Path, seconds: float = 0.0, seed: int = 0) -> str:
    path = tmp_path / "my_case.py"
    path.write_text(CASE.format(seconds=seconds, seed=seed))
    return f"{path}:make"


def until(fact: Callable[[], bool], log: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, log.read_text() if log.exists() else "no log"
        time.sleep(0.05)


def ended_elsewhere(store: RunStore, job: Job) -> Job:
    """The job as workers end it, with somebody pumping as the server does."""

    def ended() -> bool:
        pump(store)
        return not store.job(job.id).live

    until(ended, log_path(job.id))
    return store.job(job.id)


def ended_here(store: RunStore, job: Job) -> Job:
    """The job as this process ends it."""
    with store.database.writing() as connection:
        claimed = transitions.claim(connection, workers=1)
    assert claimed is not None
    assert claimed[0] == job.id
    attempt = Attempt(store, *claimed)
    assert attempt.adopt()
    assert worker.work(attempt)
    return store.job(job.id)


def worker_of(store: RunStore, job: Job) -> int:
    with store.database.reading() as connection:
        return int(fetch_row(connection, job.id).pid)


def serve_and_die(store: RunStore, job: Job, points: int) -> None:
    """A server starts the worker and is killed with all its group; the worker goes on."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, start_new_session=True, text=True
    )
    assert server.stdout is not None
    assert server.stdout.readline() == "pumped\n"
    server.stdout.close()
    os.killpg(server.pid, signal.SIGKILL)
    server.wait()
    until(lambda: len(store.samples(job.id)) > points, log_path(job.id))


@pytest.mark.slow
def test_a_killed_sweep_goes_on_and_equals_an_undisturbed_one(
    store: RunStore, tmp_path: Path
) -> None:
    from analysis.sensitivity.points import Sensitivities
    from analysis.sensitivity.sweep import sweep
    from analysis.workloads.load import load_workload

    source = write_case(tmp_path, seconds=0.1)
    job = store.submit("sweep", source, OPTIONS, owner="ann")
    serve_and_die(store, job, points=8)
    os.kill(worker_of(store, job), signal.SIGKILL)
    kept = store.samples(job.id)
    setup = store.sensitivities(job.id).setup
    assert len(kept) > 8
    assert sum(row.covered for row in kept) < len(setup.cells) * setup.samples
    assert len(store.sensitivities(job.id).points) >= 8
    write_case(tmp_path)
    row = ended_elsewhere(store, job)
    assert (row.state, row.attempt, row.error) == ("done", 2, None)
    assert (row.done, row.total, row.workload) == (9, 9, "tiny")
    for before, after in zip(kept, store.samples(job.id), strict=False):
        assert (before.cell, before.start) == (after.cell, after.start)
        np.testing.assert_array_equal(before.divergence, after.divergence)
    alone = Sensitivities.collect(sweep(load_workload(source), bits=OPTIONS.bits), run=job.id)
    resumed = store.sensitivities(job.id)
    assert resumed.points == alone.points
    assert resumed.setup == alone.setup
    chosen = store.recommended(job.id)
    assert chosen is not None
    assert chosen.predicted["divergence"] > 0
    assert {record.origin for record in store.scores(run=job.id)} == {"recommended", "baseline"}


def test_a_second_sweep_does_not_look_at_the_workload_again(
    store: RunStore, tmp_path: Path
) -> None:
    source = write_case(tmp_path)
    looked = ended_here(store, store.submit("inspect", source, InspectOptions(), owner="ann"))
    assert (looked.state, looked.done, looked.total, looked.error) == ("done", 1, 1, None)
    seen = store.inspection_of(source)
    assert seen is not None
    assert (seen.fingerprint, seen.workload) == (looked.fingerprint, "tiny")
    marked = replace(seen, description="seen before")
    with store.database.writing() as connection:
        inspections.put(connection, source, marked, time.time())
    swept = ended_here(store, store.submit("sweep", source, OPTIONS, owner="ann"))
    assert (swept.state, swept.error) == ("done", None)
    assert store.inspection_of(source) == marked


def test_the_proposed_recipe_is_measured_and_predictions_are_calibrated(
    store: RunStore, tmp_path: Path
) -> None:
    source = write_case(tmp_path)
    job = ended_here(store, store.submit("sweep", source, OPTIONS, owner="ann"))
    assert (job.state, job.done, job.total) == ("done", 9, 9)
    chosen, fitted = store.recommended(job.id), store.calibration(job.id)
    assert chosen is not None
    assert fitted is not None
    assert fitted.points[0].weight_bytes < fitted.points[-1].weight_bytes
    figures = chosen.predicted
    assert figures["measured_low"] <= figures["measured"] <= figures["measured_high"]
    assert figures["calibrated_low"] <= figures["calibrated"] <= figures["calibrated_high"]
    pairs = store.interactions(job.id)
    assert pairs is not None
    assert pairs.cells == store.sensitivities(job.id).setup.cells


def test_choosing_can_be_cancelled_and_goes_on(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_case(tmp_path)
    job = store.submit("sweep", source, OPTIONS, owner="ann")
    begin = Attempt.begin

    def begin_and_stop(attempt: Attempt, phase: str) -> None:
        begin(attempt, phase)
        if phase == "choosing":
            attempt.stop("cancelled")

    with monkeypatch.context() as patched:
        patched.setattr(Attempt, "begin", begin_and_stop)
        row = ended_here(store, job)
    assert (row.state, row.done, row.total) == ("cancelled", 9, 9)
    assert store.recommended(job.id) is None
    store.resume(job.id, owner="ann")
    assert ended_here(store, job).state == "done"
    assert store.recommended(job.id) is not None


@pytest.fixture
def small_disk(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The disk is full after five units; calling makes room."""
    monkeypatch.setattr("analysis.runs.attempt.STORAGE_SECONDS", 0.0)
    add, room = store.add, iter(range(5))

    def add_while_there_is_room(run: str, samples: CellSamples, point: SweepPoint) -> None:
        if next(room, None) is None:
            raise StorageError("The disk must have free space; make room.")
        add(run, samples, point)

    monkeypatch.setattr(store, "add", add_while_there_is_room)
    return lambda: monkeypatch.setattr(store, "add", add)


def test_a_sweep_that_met_a_full_disk_goes_on_later(
    store: RunStore, tmp_path: Path, small_disk: Callable[[], None]
) -> None:
    job = store.submit("sweep", write_case(tmp_path), OPTIONS, owner="ann")
    row = ended_here(store, job)
    assert (row.state, row.error) == ("failed", "The disk must have free space; make room.")
    kept = store.points(job.id)
    assert len(kept) == 5
    small_disk()
    store.resume(job.id, owner="ann")
    row = ended_here(store, job)
    assert (row.state, row.attempt, row.done, row.total) == ("done", 2, 9, 9)
    assert len(store.points(job.id)) == 9
    rows = store.samples(job.id)
    setup = store.sensitivities(job.id).setup
    assert sum(row.covered for row in rows) == len(setup.cells) * setup.samples


def test_a_changed_model_is_not_mixed_into_a_run(
    store: RunStore, tmp_path: Path, small_disk: Callable[[], None]
) -> None:
    job = store.submit("sweep", write_case(tmp_path), OPTIONS, owner="ann")
    ended_here(store, job)
    kept = store.points(job.id)
    write_case(tmp_path, seed=1)  # trained on, meanwhile
    small_disk()
    store.resume(job.id, owner="ann")
    row = ended_here(store, job)
    assert row.state == "failed"
    assert "must stay the same" in str(row.error)
    assert store.points(job.id) == kept


def test_a_sweep_of_activations_ends_without_a_recipe(store: RunStore, tmp_path: Path) -> None:
    options = replace(OPTIONS, target="activation")
    job = store.submit("sweep", write_case(tmp_path), options, owner="ann")
    row = ended_here(store, job)
    assert (row.state, row.error) == ("done", None)
    assert len(store.points(job.id)) == 9
    assert store.recommended(job.id) is None


def test_a_recipe_is_scored_beside_the_uniform_one_of_its_size(
    store: RunStore, tmp_path: Path
) -> None:
    source = write_case(tmp_path)
    swept = ended_here(store, store.submit("sweep", source, OPTIONS, owner="ann"))
    chosen = store.recommended(swept.id)
    assert chosen is not None
    own = replace(chosen.recipe, name="mine").with_weight("0", None)
    record = store.save_recipe(own, owner="ann", run=swept.id)
    for _ in range(2):
        job = store.submit("score", source, ScoreOptions(record.id, swept.id), owner="ann")
        row = ended_here(store, job)
        assert (row.state, row.done, row.total, row.error) == ("done", 2, 2, None)
    scored = store.scores(recipe=record.id)
    assert scored[0].score.recipe == own
    sizes = {
        found.recipe.name: found
        for found in store.recipes(run=swept.id)
        if found.origin == "baseline"
    }
    ours = scored[0].score.cost.weight_bytes
    for found in sizes.values():
        (judged,) = store.scores(recipe=found.id)
        assert judged.score.samples == 1024
    assert any(
        store.scores(recipe=found.id)[0].score.cost.weight_bytes <= ours for found in sizes.values()
    )


def test_other_ways_to_spend_the_bytes_are_measured_when_asked(
    store: RunStore, tmp_path: Path
) -> None:
    source = write_case(tmp_path)
    swept = ended_here(store, store.submit("sweep", source, OPTIONS, owner="ann"))
    chosen = store.recommended(swept.id)
    assert chosen is not None
    options = ScoreOptions(chosen.id, swept.id, rivals=True)
    row = ended_here(store, store.submit("score", source, options, owner="ann"))
    assert (row.state, row.error) == ("done", None)
    assert row.done == row.total
    assert len(store.scores(recipe=chosen.id)) == 1
    scored = [record.score.recipe.layers for record in store.scores(run=swept.id)]
    wanted = rivals(store.sensitivities(swept.id), chosen.recipe)
    assert len(wanted) >= 3
    assert all(scored.count(rival.layers) >= 1 for rival in wanted)


def test_a_sweep_computes_its_proxies_when_asked(store: RunStore, tmp_path: Path) -> None:
    options = replace(OPTIONS, target="both", proxies=True)
    row = ended_here(store, store.submit("sweep", write_case(tmp_path), options, owner="ann"))
    assert (row.state, row.done, row.total, row.error) == ("done", 18, 18, None)
    found = store.proxies(row.id)
    assert {proxy.name for proxy in found} == set(PROXIES)
    assert {len(proxy.values) for proxy in found} == {9}
    assert store.recommended(row.id) is not None


def test_a_sweep_cancelled_at_its_proxies_keeps_its_recipe_and_goes_on(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = replace(OPTIONS, proxies=True)
    job = store.submit("sweep", write_case(tmp_path), options, owner="ann")
    begin = Attempt.begin

    def begin_and_stop(attempt: Attempt, phase: str) -> None:
        begin(attempt, phase)
        if phase == "comparing proxies":
            attempt.stop("cancelled")

    with monkeypatch.context() as patched:
        patched.setattr(Attempt, "begin", begin_and_stop)
        row = ended_here(store, job)
    assert (row.state, row.done, row.total) == ("cancelled", 9, 9)
    chosen = store.recommended(job.id)
    assert chosen is not None
    assert store.proxies(job.id) == ()
    store.resume(job.id, owner="ann")
    assert ended_here(store, job).state == "done"
    assert store.recommended(job.id) == chosen
    assert {proxy.name for proxy in store.proxies(job.id)} == set(PROXIES)


def test_proxies_of_a_finished_sweep_are_a_job_that_goes_on_where_it_was_cancelled(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_case(tmp_path)
    swept = ended_here(store, store.submit("sweep", source, OPTIONS, owner="ann"))
    assert store.proxies(swept.id) == ()
    job = store.submit("proxies", source, ProxyOptions(swept.id), owner="bob")
    advance = Attempt.advance

    def advance_and_stop(attempt: Attempt, done: float) -> None:
        if done > 1:
            attempt.stop("cancelled")
        advance(attempt, done)

    with monkeypatch.context() as patched:
        patched.setattr(Attempt, "advance", advance_and_stop)
        row = ended_here(store, job)
    assert (row.state, row.done, row.total) == ("cancelled", 1, 6)
    kept = store.proxies(swept.id)
    assert [proxy.name for proxy in kept] == ["weight_mse", "weight_sqnr_db"]
    store.resume(job.id, owner="bob")
    row = ended_here(store, job)
    assert (row.state, row.done, row.total, row.error) == ("done", 6, 6, None)
    found = store.proxies(swept.id)
    assert found[:2] == kept  # with their seconds: not computed again
    assert {proxy.name for proxy in found} == set(PROXIES)
    assert store.job(swept.id) == swept


def test_proxies_of_a_changed_model_or_a_deleted_sweep_are_refused(
    store: RunStore, tmp_path: Path
) -> None:
    source = write_case(tmp_path)
    swept = ended_here(store, store.submit("sweep", source, OPTIONS, owner="ann"))
    write_case(tmp_path, seed=1)
    job = store.submit("proxies", source, ProxyOptions(swept.id), owner="ann")
    row = ended_here(store, job)
    assert row.state == "failed"
    assert "its fingerprint changed since" in str(row.error)
    store.delete(swept.id, owner="ann")
    store.resume(job.id, owner="ann")
    row = ended_here(store, job)
    assert row.state == "failed"
    assert store.proxies(swept.id) == ()


def test_a_workload_that_is_not_there_is_said(store: RunStore) -> None:
    job = store.submit("inspect", "nonsense", InspectOptions(), owner="ann")
    row = ended_here(store, job)
    assert row.state == "failed"
    assert "'nonsense'" in str(row.error)
    assert str(row.error).endswith(".")
