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
from dataclasses import replace
from pathlib import Path

from analysis.allocation.allocate import allocate
from analysis.allocation.average import bytes_at
from analysis.allocation.baselines import same_bytes_uniform
from analysis.allocation.budget import Budget, Choice
from analysis.allocation.predict import to_choice
from analysis.paths import assets_dir
from analysis.runs.bundle import export_bundle
from analysis.runs.queue import pump
from analysis.runs.records import USUAL_SWEEP, Job, ScoreOptions
from analysis.runs.store import RunStore

SOURCE = "fashion-mnist"
OPTIONS = replace(USUAL_SWEEP, target="both", proxies=True)
AVERAGE_BITS = (2.25, 2.5, 3.0, 4.0, 5.0, 6.0)
"""Budgets of the mixed recipes that are measured along the frontier."""

UNIFORM_BITS = (2, 3, 4, 5, 6, 8)
"""Widths of the uniform recipes that are measured beside them."""

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
    """Score recipes along the frontier and uniform ones, to compare prediction and measurement."""
    result = store.sensitivities(run)
    for bits in AVERAGE_BITS:
        mixed = allocate(result, Budget(average_bits=bits), name=f"mixed, {bits:g}-bit budget")
        measure(store, run, mixed, "frontier")
    for width in UNIFORM_BITS:
        uniform = same_bytes_uniform(result, bytes_at(result, width))
        measure(store, run, to_choice(result, uniform), "baseline")


def measure(store: RunStore, run: str, choice: Choice, origin: str) -> None:
    """Keep a recipe of the run and score it."""
    predicted = {
        "divergence": choice.predicted.divergence,
        "low": choice.predicted.low,
        "high": choice.predicted.high,
    }
    record = store.save_recipe(
        choice.recipe, owner=OWNER, run=run, origin=origin, predicted=predicted
    )
    finish(store, store.submit("score", SOURCE, ScoreOptions(record.id), owner=OWNER))


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
