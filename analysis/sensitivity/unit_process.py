"""A process that measures units, as seen by the one that started it."""

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from analysis.errors import AnalysisError
from analysis.paths import module_path
from analysis.sensitivity.handover import Handover, Unit, UnitDone


@dataclass(frozen=True, slots=True, eq=False)
class UnitProcess:
    """A child with one thread, in a session of its own so that Ctrl-C reaches its parent alone."""

    child: "subprocess.Popen[bytes]"

    @classmethod
    def start(cls) -> "UnitProcess":
        """Start it; whatever it prints goes to this process's stderr.

        Raises:
            OSError: it cannot be started.
        """
        command = [sys.executable, "-P", "-m", "analysis.sensitivity.unit_worker"]
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, **threads, **module_path()},
        )
        return cls(child)

    def open(self, handover: Handover) -> AnalysisError | None:
        """Let it load the workload; what keeps it from that is the answer.

        Raises:
            OSError: it has ended.
            EOFError: likewise, or it failed without a sentence.
        """
        answer = self._asked(handover)
        return answer if isinstance(answer, AnalysisError) else None

    def measure(self, unit: Unit) -> UnitDone | AnalysisError:
        """Let it measure a unit, or say why that cannot be.

        Raises:
            OSError: it has ended.
            EOFError: likewise, or it failed without a sentence.
        """
        answer: UnitDone | AnalysisError = self._asked(unit)
        return answer

    def kill(self) -> None:
        """End it at once; whoever waits for its answer gets an EOFError."""
        self.child.kill()

    def end(self) -> None:
        """End it, and leave nothing of it."""
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it did not read any more is of no use
                    pipe.close()

    def _asked(self, question: Any) -> Any:
        assert self.child.stdin is not None and self.child.stdout is not None
        pickle.dump(question, self.child.stdin)
        self.child.stdin.flush()
        try:
            answer = pickle.load(self.child.stdout)
        except pickle.UnpicklingError as error:
            raise EOFError from error
        if isinstance(answer, str):
            raise EOFError(answer)
        return answer
