"""The app's side of the compute process: start it when first asked, ask, start it anew; torch-free.

One process a server, with one thread: questions wait for each other. It holds the workloads that
were asked about last, so that the next question about them takes milliseconds.
"""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal, TypeVar

from analysis import serial
from analysis.errors import ComputeError, StorageError
from analysis.paths import home_dir
from analysis.runs.process import child_environment
from analysis.sensitivity.heads.values import HeadScores
from analysis.sensitivity.points import Target
from analysis.trials import SpecLook, SpecTable, Trial, WidthStrip

ANSWER_SECONDS = 60.0
"""A first question also imports torch and loads the model."""

MORE_FOR_HEADS = 120.0
"""A language model takes longer to open, and heads take half a minute (SmolLM2: 79 s in all)."""

_CHUNK = 1 << 16

T = TypeVar("T", SpecLook, SpecTable, Trial, WidthStrip, HeadScores)


@dataclass(slots=True, eq=False)
class ComputeProcess:
    """Asks a process of its own, one question at a time.

    Attributes:
        seconds: how long a question may take, waiting for earlier ones included.
    """

    url: str = ""
    seconds: float = ANSWER_SECONDS
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)
    _lock: Any = field(default_factory=Lock, init=False)

    def look(self, known: "Known", target: Target, spec: str) -> SpecLook:
        """What a spec does to one tensor."""
        return self._ask(SpecLook, "look", known, {"target": target, "spec": spec})

    def table(self, known: "Known", target: Target, spec: str) -> SpecTable:
        """The SQNR of every layer's weight or input at a spec."""
        return self._ask(SpecTable, "table", known, {"target": target, "spec": spec})

    def trial(self, known: "Known", target: Target, before: str, after: str) -> Trial:
        """Two specs of one tensor, measured on drawn sweep samples."""
        more = {"target": target, "before": before, "after": after}
        return self._ask(Trial, "trial", known, more)

    def strip(
        self, known: "Known", target: Target, specs: tuple[str, ...], sample: int
    ) -> WidthStrip:
        """What each spec makes of one sweep sample."""
        more = {"target": target, "specs": specs, "sample": sample}
        return self._ask(WidthStrip, "strip", known, more)

    def heads(self, known: "Known", spec: str) -> HeadScores:
        """What each head of the attention layers would cost at a spec, estimated."""
        return self._ask(HeadScores, "heads", known, {"spec": spec}, MORE_FOR_HEADS)

    @property
    def pid(self) -> int | None:
        """Number of the process; None before the first question and after a crash."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def close(self) -> None:
        """End the process; the next question starts another."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def _ask(
        self,
        kind: type[T],
        ask: Literal["look", "table", "trial", "strip", "heads"],
        known: "Known",
        more: Mapping[str, Any],
        longer: float = 0.0,
    ) -> T:
        question = {"ask": ask, **known.plain(), **more}
        limit = self.seconds + longer
        end = time.monotonic() + limit
        if not self._lock.acquire(timeout=limit):
            raise ComputeError(
                "The compute process must answer others first and has not yet; try again in a "
                "minute."
            )
        try:
            answer = self._exchange(json.dumps(question), end, limit)
        finally:
            self._lock.release()
        if "error" in answer:
            raise ComputeError(answer["error"])
        return serial.from_plain(kind, answer["value"], ComputeError, "answer")

    def _exchange(self, line: str, end: float, limit: float) -> dict[str, Any]:
        if self.pid is None:
            self.close()
            self._child = _started(self.url)
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(line.encode() + b"\n")
            child.stdin.flush()
            text = _read_line(child.stdout.fileno(), end)
        except TimeoutError:
            self.close()
            raise ComputeError(
                f"An answer must come within {limit:.0f} s, and this one did not; "
                "ask again later, or try a smaller layer."
            ) from None
        except (OSError, EOFError):
            self.close()
            raise ComputeError(
                "The compute process must stay alive, and it ended while it worked on this "
                "(perhaps for lack of memory); ask again, and a new one starts."
            ) from None
        return serial.parse_object(text, ComputeError, "answer")


@dataclass(frozen=True, slots=True)
class Known:
    """A layer of a workload whose weights somebody looked at."""

    source: str
    fingerprint: str
    layer: str

    def plain(self) -> dict[str, str]:
        """As part of a question."""
        return {"source": self.source, "fingerprint": self.fingerprint, "layer": self.layer}


def _started(url: str) -> "subprocess.Popen[bytes]":
    """Start the process; its stderr goes to a log.

    Raises:
        StorageError: the log or the process cannot be made.
    """
    log = home_dir() / "logs" / "compute.log"
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "analysis.runs.compute_worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=child_environment(url),
            )
    except OSError as error:
        raise StorageError(
            f"The compute process must be able to start and to write {log}, and it cannot "
            f"({error.strerror}); free disk space and memory and check the permissions."
        ) from error


def _read_line(pipe: int, end: float) -> str:
    """One line; nobody else reads this pipe, and one answer comes a question.

    Raises:
        TimeoutError: it did not come in time.
        EOFError: the process has ended.
    """
    parts: list[bytes] = []
    while not parts or not parts[-1].endswith(b"\n"):
        left = end - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise TimeoutError
        part = os.read(pipe, _CHUNK)
        if not part:
            raise EOFError
        parts.append(part)
    return b"".join(parts).decode()
