"""Measures units of somebody else's sweep: ``python -m analysis.sensitivity.unit_worker``.

Pickles of our own values come on stdin and go out on stdout; whatever a model prints goes to
stderr. It ends when its stdin does, and so never outlives the process that started it.
"""

import os
import pickle
import queue
import sys
import time
import traceback
from dataclasses import dataclass, field
from threading import Thread
from typing import IO, Any

import torch

from analysis.errors import AnalysisError
from analysis.sensitivity.exact import ExactStage
from analysis.sensitivity.handover import Handover, Unit, UnitDone, reopened
from analysis.sensitivity.peak import peak_bytes
from analysis.sensitivity.stages import Stages
from analysis.workloads.load import load_workload


@dataclass(slots=True, eq=False)
class UnitWorker:
    """A sweep handed over, and its stages once the workload is open."""

    handover: Handover
    _stages: Stages | None = field(default=None, init=False)

    def open(self) -> None:
        """Load the workload.

        Raises:
            AnalysisError: it cannot be loaded, or is another one.
        """
        told = self.handover
        made = reopened(told, load_workload(told.source))
        self._stages = Stages(made, told.options, told.setup, told.found)

    def measure(self, unit: Unit) -> UnitDone:
        """One unit.

        Raises:
            AnalysisError: the model does not allow it.
        """
        assert self._stages is not None
        stage = self._stages.get(unit.stage)
        before = stage.forwards
        rows = list(stage.measure(unit.start, unit.cells))
        full = stage.full_forward if isinstance(stage, ExactStage) else ()
        return UnitDone(
            rows,
            forwards=stage.forwards - before,
            full_forward=frozenset(full),
            cpu_seconds=time.process_time(),
            peak_rss_bytes=peak_bytes(),
        )


def main() -> None:
    """Answer until stdin ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a model may print
    torch.set_num_threads(1)
    questions: "queue.SimpleQueue[Any]" = queue.SimpleQueue()
    Thread(target=_listen, args=(sys.stdin.buffer, questions), daemon=True).start()
    worker = UnitWorker(questions.get())
    answer = _answered(worker.open)
    while True:
        pickle.dump(answer, answers)
        answers.flush()
        unit = questions.get()
        answer = _answered(lambda unit=unit: worker.measure(unit))


def _answered(work: Any) -> Any:
    """What some work gives, or what it raised: ours as it is, anything else as text."""
    try:
        return work()
    except AnalysisError as error:
        return error
    except Exception as error:  # noqa: BLE001  (a model of the user's may raise anything)
        traceback.print_exc()
        return f"{type(error).__name__}: {error}"


def _listen(source: IO[bytes], questions: "queue.SimpleQueue[Any]") -> None:
    """Pass questions on; the end of them ends the process, also in the middle of a unit."""
    try:
        while True:
            questions.put(pickle.load(source))
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)


if __name__ == "__main__":
    main()
