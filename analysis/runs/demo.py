"""Computes the result that a first visit shows: ``python -m analysis.runs.demo`` (``make demo``).

Everything in it is measured by the program itself, in a store of its own: a sweep of weights and
inputs, the recommended recipe with its baselines, and a few recipes along the frontier, all scored
on the evaluation set.
"""

import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.paths import assets_dir
from analysis.runs.bundle import export_bundle
from analysis.runs.queue import pump
from analysis.runs.records import Job, ScoreOptions, SweepOptions
from analysis.runs.store import RunStore

SOURCE = "fashion-mnist"
OPTIONS = SweepOptions(target="both")
AVERAGE_BITS = (2.25, 2.5, 3.0, 4.0, 5.0, 6.0)
"""Budgets of the recipes that are measured along the frontier."""

OWNER = "demo"


def finish(store: RunStore, job: Job) -> Job:
    """Wait for a job, starting what is queued, and tell how far it is."""
    while job.live:
        pump(store)
        time.sleep(1)
        job = store.job(job.id)
        sys.stderr.write(f"\r{job.kind} {job.phase} {job.done}/{job.total}   ")
    sys.stderr.write("\n")
    if job.state != "done":
        raise SystemExit(f"The {job.kind} ended as {job.state}: {job.error}")
    return job


def measure_frontier(store: RunStore, run: str) -> None:
    """Score a few recipes along the frontier, to compare prediction and measurement."""
    result = store.sensitivities(run)
    for bits in AVERAGE_BITS:
        choice = allocate(result, Budget(average_bits=bits), name=f"mixed, {bits:g}-bit budget")
        record = store.save_recipe(
            choice.recipe,
            owner=OWNER,
            run=run,
            origin="frontier",
            predicted={
                "divergence": choice.predicted.divergence,
                "low": choice.predicted.low,
                "high": choice.predicted.high,
            },
        )
        options = ScoreOptions(record.id, run)
        finish(store, store.submit("score", SOURCE, options, owner=OWNER))


def main() -> None:
    """Compute the demo and write it to the assets."""
    with tempfile.TemporaryDirectory() as folder:
        store = RunStore(f"sqlite:///{Path(folder) / 'demo.db'}")
        job = finish(store, store.submit("sweep", SOURCE, OPTIONS, owner=OWNER))
        measure_frontier(store, job.id)
        document = json.dumps(export_bundle(store, job.id)).encode()
    target = assets_dir() / "demo" / "result.json.gz"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(gzip.compress(document, mtime=0))
    sys.stderr.write(f"{target}: {target.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
