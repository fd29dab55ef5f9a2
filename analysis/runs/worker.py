"""The detached process of one attempt at one job: ``python -m analysis.runs.worker ID ATTEMPT``."""

import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from analysis.errors import AnalysisError, CancelledError, StorageError
from analysis.runs import steps
from analysis.runs.attempt import Attempt
from analysis.runs.process import log_path
from analysis.runs.queue import pump
from analysis.runs.store import RunStore

NICENESS = 10
"""The server and the user's own work go first."""

SENTENCE_LENGTH = 300


def main(arguments: Sequence[str]) -> int:
    """Do one attempt, then start what is next."""
    job_id, number = arguments
    attempt = Attempt(RunStore(), job_id, int(number))
    if not attempt.adopt():
        return 0
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    _be_modest()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: attempt.stop("stopped"))
    try:
        goes_on = work(attempt)
    except StorageError:
        # The row still says "running": whoever pumps next finds this process gone.
        logging.exception("the end of the job could not be written")
        return 1
    if goes_on:
        with suppress(StorageError):
            pump(attempt.store)
    return 0


def work(attempt: Attempt) -> bool:
    """Do the job and write how it ended.

    Returns:
        whether this process should start the next job.

    Raises:
        StorageError: the end cannot be written.
    """
    try:
        with attempt.beating():
            steps.run(attempt)
    except CancelledError:
        return attempt.settle()
    except AnalysisError as error:
        attempt.finish("failed", str(error))
    except (Exception, SystemExit) as error:
        logging.exception("the job failed")
        attempt.finish("failed", _sentence(error, attempt.job_id))
    else:
        attempt.finish("done")
    return True


def _sentence(error: BaseException, job_id: str) -> str:
    lines = str(error).strip().splitlines() or ["no message"]
    cause = f"{type(error).__name__}: {lines[0]:.{SENTENCE_LENGTH}}".rstrip(".")
    return f"Something went wrong inside Quantscope ({cause}); the log is {log_path(job_id)}."


def _be_modest() -> None:
    """Step behind other processes, to one level however many workers started one another."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
