"""A sweep done by the process that asks, as the command line does; the app sees it like any other.

Its job is claimed as it is made, so that no worker takes it. Should this process be killed, the
next server finds it gone and a worker goes on from its points.
"""

import time

from sqlalchemy import update

from analysis.errors import AnalysisError, CancelledError
from analysis.runs import jobs, steps
from analysis.runs.attempt import Attempt
from analysis.runs.process import HOST
from analysis.runs.records import SweepOptions
from analysis.runs.schema import jobs as job_table
from analysis.runs.store import RunStore


def claim_new(store: RunStore, source: str, options: SweepOptions, *, owner: str) -> Attempt:
    """Make a sweep job that belongs to this process from the start.

    Raises:
        OptionError: a bit-width is outside its range.
    """
    now = time.time()
    with store.database.writing() as connection:
        job = jobs.submit(connection, "sweep", source, options, owner=owner, workload=source)
        values = {
            "state": "running",
            "phase": "starting",
            "attempt": 1,
            "started": now,
            "claimed": now,
            "heartbeat": now,
            "host": HOST,
        }
        mine = update(job_table).where(job_table.c.id == job.id)
        connection.execute(mine.values(values))
    attempt = Attempt(store, job.id, 1)
    attempt.adopt()
    return attempt


def work_here(attempt: Attempt) -> None:
    """Do the job in this process and write how it ended.

    Raises:
        AnalysisError: it failed; where not even its setup was known, nothing of it is kept.
        CancelledError: somebody cancelled it.
        KeyboardInterrupt: it was interrupted, and is stored as cancelled with its points.
    """
    try:
        with attempt.beating():
            steps.run(attempt)
    except (CancelledError, KeyboardInterrupt):
        attempt.stop("cancelled")
        attempt.settle()
        raise
    except BaseException as error:
        attempt.finish("failed", str(error) if isinstance(error, AnalysisError) else "It crashed.")
        if attempt.store.setup(attempt.job_id) is None:
            attempt.store.delete(attempt.job_id, owner=jobs.EVERYBODY)
        raise
    attempt.finish("done")
