"""Peak memory of a sweep, and what a second worker saves (issue 3).

Memory is that of a process of its own that loads a net which was trained elsewhere: training leaves
free memory behind that a sweep would fill without a trace.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch

from analysis.paths import module_path
from analysis.sensitivity.chunks import chunk_size
from analysis.sensitivity.footprint import memory_figures, sweep_memory
from analysis.sensitivity.options import SweepOptions
from analysis.sensitivity.peak import peak_bytes
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from analysis.workloads.load import load_workload
from analysis.workloads.subject import subject
from tests.bench.nets import NETS, bench_workload
from tests.bench.rows import Row

LIMIT = 4.0
"""Peak above the model's own, in activations of one chunk."""

SPEED_NET, SPEED_BITS = "resnet20", (2, 3, 4, 8)

CASE = """
import torch

from analysis.metrics import {metric}
from analysis.workloads.workload import Workload


def make():
    model, parts = torch.load({path!r}, weights_only=False)
    return Workload(name={name!r}, model=model, metric={metric}(), **parts)
"""


def measure() -> list[Row]:
    """All rows of this file."""
    return [*memory_rows(), *worker_rows()]


def memory_rows() -> list[Row]:
    """The worst net's peak memory above what the process held, and the farthest expectation."""
    peaks: list[float] = []
    misses: list[float] = []
    for net in NETS:
        with _case(net) as source:
            peak, miss = _measured_apart(source)
        sys.stderr.write(f"{net}: peak {peak:.2f} chunks, measured {miss:.2f} of the expected\n")
        peaks.append(peak)
        misses.append(miss)
    return [
        Row("engine: peak memory above the model's own", max(peaks), "chunks", LIMIT),
        Row("engine: measured peak, of the one expected", max(misses), "", aim=1.0),
    ]


def worker_rows() -> list[Row]:
    """One exact sweep by one worker and by two, starting the second one included."""
    with _case(SPEED_NET) as source:
        workload = load_workload(source)
        wall, cpu = {}, {}
        for workers in (1, 2):
            began = time.perf_counter()
            run = sweep(workload, bits=SPEED_BITS, target="both", method="exact", workers=workers)
            cost = Sensitivities.collect(run).cost
            wall[workers], cpu[workers] = time.perf_counter() - began, cost.cpu_seconds
    return [
        Row("engine: two workers, wall time of one", wall[2] / wall[1], "", aim=0.6),
        Row("engine: two workers, CPU time of one", cpu[2] / cpu[1], "", aim=1.1),
    ]


@contextmanager
def _case(net: str) -> Iterator[str]:
    """The source of a bench net that any process can load, trained once here."""
    workload = bench_workload(net)
    if workload.source is not None:
        yield workload.source
        return
    with tempfile.TemporaryDirectory() as folder:
        stored, case = Path(folder) / "net.pt", Path(folder) / "bench_case.py"
        parts = {name: getattr(workload, name) for name in ("calibration", "sweep", "evaluation")}
        torch.save((workload.model, parts), stored)
        metric = type(workload.metric).__name__
        case.write_text(CASE.format(path=str(stored), name=net, metric=metric), encoding="utf-8")
        os.environ["PYTHONPATH"] = str(Path(__file__).resolve().parents[2])
        yield f"{case}:make"


def _measured_apart(source: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "tests.bench.memory", source]
    environment = {**os.environ, **module_path(), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    peak, miss = json.loads(done.stdout)
    return float(peak), float(miss)


def _sweep_here(source: str) -> tuple[float, float]:
    """Peak memory of an anytime sweep above what this process holds, in chunks of activations."""
    torch.set_num_threads(1)
    workload = load_workload(source)
    made, options = subject(workload), SweepOptions(bits=(4, 8), target="both", method="anytime")
    figures, need = memory_figures(made), sweep_memory(made, options)
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = psutil.Process().memory_info().rss
    for _ in sweep(workload, bits=options.bits, target="both", method="anytime"):
        pass
    chunk = chunk_size(made.layers) * figures.activation_bytes
    return (peak_bytes() - before) / chunk, peak_bytes() / need.total


if __name__ == "__main__":
    print(json.dumps(_sweep_here(sys.argv[1])))
