"""Other processes need seconds to start, so the tests share what they can."""

import inspect
import subprocess
import sys
import time
from functools import wraps
from pathlib import Path
from threading import Semaphore

import psutil
import pytest
import torch

from analysis.errors import OptionError
from analysis.sensitivity.sweep import Sweep, sweep
from analysis.sensitivity.unit_process import UnitProcess
from analysis.sensitivity.workers import LOST, Workers
from analysis.workloads.load import load_workload
from analysis.workloads.workload import Workload
from tests.nets import make_workload

pytestmark = pytest.mark.slow

CASE = """
import os

from tests.nets import make_workload


def make():
    return make_workload("{net}", samples=600, seed={seed})
"""


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Workloads of `tests.nets` that other processes can load too."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))

    def loaded(net: str, seed: str = "0") -> Workload:
        path = tmp_path / f"{net}_case.py"
        path.write_text(CASE.format(net=net, seed=seed))
        return load_workload(f"{path}:make")

    return loaded


@pytest.fixture(autouse=True)
def _all_at_work(monkeypatch):
    """This process begins only when the others are ready, else it would be done before them."""
    ready = Semaphore(0)
    start, take, fail = Workers._start, Workers._next, Workers._fail

    @wraps(start)
    def started(self):
        start(self)
        for _ in range(self.more):
            ready.acquire(timeout=60)

    def taken(self):
        ready.release()
        return take(self)

    def failed(self, error):
        fail(self, error)
        ready.release()

    monkeypatch.setattr(Workers, "_start", started)
    monkeypatch.setattr(Workers, "_fail", failed)
    monkeypatch.setattr(Workers, "_next", taken)


def rows_of(run: Sweep) -> list[tuple[object, ...]]:
    """Everything a sweep measured, in its order, with every bit of it."""
    return [
        (
            *(row.stage, row.start, row.cell),
            row.divergence.tobytes(),
            row.statistics.tobytes(),
            b"" if row.shifts is None else row.shifts.tobytes(),
            point,
        )
        for row, point in run.measurements()
    ]


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if any("unit_worker" in word for word in child.cmdline())
    ]


@pytest.mark.parametrize(("net", "count"), [("branched", 2), ("gpt", 3)])
def test_figures_do_not_depend_on_the_number_of_workers(load, net, count):
    workload = load(net)
    single, run = (
        sweep(workload, bits=(2, 4), target="both", method="anytime", workers=workers)
        for workers in (1, count)
    )
    alone = rows_of(single)
    assert rows_of(run) == alone
    assert {stage for stage, *_ in alone} == {"sketch", "sampled", "exact"}
    assert run.cost.workers == count
    others = run._workers
    assert others is not None
    assert others.forwards > 0  # how much depends on who is faster
    assert run.cost.cpu_seconds > others.cpu_seconds > 0.5
    assert run.cost.peak_rss_bytes > others.peak_rss_bytes > 100 << 20
    assert children() == []
    assert run.notes == []


def test_threads_of_the_caller_change_nothing_and_stay_as_they_were():
    workload = make_workload("branched", samples=300)
    alone = rows_of(sweep(workload, bits=(2,)))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert rows_of(sweep(workload, bits=(2,))) == alone
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_killed_worker_costs_time_and_no_figure(load, monkeypatch):
    workload = load("branched")
    alone = rows_of(sweep(workload, bits=(2, 4)))
    run = sweep(workload, bits=(2, 4), workers=2)
    hand = Workers._hand

    def killing(self, number, process, own):
        process.kill()
        hand(self, number, process, own)

    monkeypatch.setattr(Workers, "_hand", killing)
    assert rows_of(run) == alone
    assert run.notes == [LOST]


def test_a_worker_that_cannot_start_is_one_less(load, monkeypatch):
    def none_left(_kind):
        raise BlockingIOError

    monkeypatch.setattr(UnitProcess, "start", classmethod(none_left))
    workload = load("branched")
    run = sweep(workload, bits=(2,), workers=2)
    monkeypatch.setattr(Workers, "_start", inspect.unwrap(Workers._start))
    assert rows_of(run) == rows_of(sweep(workload, bits=(2,)))
    assert run.notes == [LOST]


def test_a_sweep_that_is_left_early_leaves_no_process(load):
    units = sweep(load("branched"), bits=(2, 4), workers=2).measurements()
    next(units)
    (child,) = children()
    units.close()
    assert not psutil.pid_exists(child.pid)


def test_a_worker_ends_with_the_process_that_started_it(load):
    workload = load("branched")
    script = (
        "import os, sys\n"
        "from analysis.sensitivity.sweep import sweep\n"
        "from analysis.workloads.load import load_workload\n"
        f"units = sweep(load_workload({workload.source!r}), bits=(2,), workers=2).measurements()\n"
        "next(units)\n"
        "import psutil\n"
        "print(psutil.Process().children()[0].pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    pid = int(told.stdout)
    end = time.monotonic() + 10
    while psutil.pid_exists(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid)


def test_a_workload_that_loads_differently_is_refused(load):
    workload = load("branched", seed="os.getpid()")
    with pytest.raises(OptionError, match="its weights came out different"):
        rows_of(sweep(workload, bits=(2, 4), workers=2))


def test_a_workload_without_a_source_has_one_worker():
    with pytest.raises(OptionError, match=r"each can load from its source.*one worker"):
        sweep(make_workload("branched"), bits=(2,), workers=2)


@pytest.mark.parametrize("count", [0, -1, 257])
def test_a_number_of_workers_that_cannot_be_is_refused(count):
    with pytest.raises(OptionError, match="1 to 256 workers"):
        sweep(make_workload("branched"), bits=(2,), workers=count)
