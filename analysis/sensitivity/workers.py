"""Several processes measure one sweep, unit by unit; what they find comes out in the units' order.

A unit is a fixed set of samples, whoever measures it and however many there are, and its rows are
not added before all of them lie together. So the result is that of one process, to the last bit. A
process that dies gives its unit back, and another one does it.
"""

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread

from analysis.errors import AnalysisError
from analysis.sensitivity.handover import Handover, Unit, UnitDone
from analysis.sensitivity.points import CellSamples
from analysis.sensitivity.unit_process import UnitProcess

LOST = (
    "A worker of this sweep ended before it was done (perhaps for lack of memory); "
    "its samples were measured by the others."
)

Rows = Sequence[CellSamples]
Measure = Callable[[Unit], Iterator[CellSamples]]


@dataclass(slots=True, eq=False)
class Workers:
    """This process and some more, which start with the first units and end with `close`.

    Attributes:
        more: processes beside this one.
        measure: how this process measures a unit.
        go_on: whether units may still be begun.
        notes: where it is told that a process was lost.
        forwards: work of the others, in forwards of the whole sweep set.
        full_forward: layers whose replay one of them could not prove equal.
    """

    handover: Handover
    more: int
    measure: Measure
    go_on: Callable[[], bool]
    notes: list[str]
    forwards: float = field(default=0.0, init=False)
    full_forward: set[str] = field(default_factory=set, init=False)
    _units: list[Unit] = field(default_factory=list, init=False)
    _taken: int = field(default=0, init=False)
    _lost: list[int] = field(default_factory=list, init=False)
    _done: dict[int, Rows | AnalysisError] = field(default_factory=dict, init=False)
    _used: dict[int, UnitDone] = field(default_factory=dict, init=False)
    _error: AnalysisError | None = field(default=None, init=False)
    _closed: bool = field(default=False, init=False)
    _changed: Condition = field(default_factory=Condition, init=False)
    _processes: list[UnitProcess] = field(default_factory=list, init=False)
    _threads: list[Thread] = field(default_factory=list, init=False)

    @property
    def cpu_seconds(self) -> float:
        """What the others took so far."""
        with self._changed:
            return sum(done.cpu_seconds for done in self._used.values())

    @property
    def peak_rss_bytes(self) -> int:
        """Peak resident bytes of the others, added up."""
        with self._changed:
            return sum(done.peak_rss_bytes for done in self._used.values())

    def measured(self, units: Sequence[Unit]) -> Iterator[tuple[Unit, Iterator[CellSamples]]]:
        """Units with their rows, in their order; those that were not begun are left out.

        Reading the rows raises what measuring them raised.

        Raises:
            AnalysisError: another process cannot load the workload again.
        """
        with self._changed:
            first = len(self._units)
            self._units.extend(units)
            self._changed.notify_all()
        if not self._processes and len(units) > 1:
            self._start()
        for number in range(first, len(self._units)):
            rows = self._rows(number)
            if rows is None:
                return
            yield self._units[number], _handed_out(rows)

    def close(self) -> None:
        """End the other processes, whatever they are doing."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for process in self._processes:
            process.kill()
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        for number in range(self.more):
            try:
                process = UnitProcess.start()
            except OSError:  # no memory or process number left: those that are there do it
                self._note(LOST)
                return
            thread = Thread(target=self._serve, args=(number, process), daemon=True)
            self._processes.append(process)
            self._threads.append(thread)
            thread.start()

    def _rows(self, number: int) -> Rows | AnalysisError | None:
        """What a unit gave; measures others until it is there. None where it was not begun."""
        while True:
            with self._changed:
                if self._error is not None:
                    raise self._error
                if number in self._done:
                    return self._done.pop(number)
                own = self._take()
                if own is None:
                    if number >= self._taken:
                        return None
                    self._changed.wait()
                    continue
            found = self._measured_here(self._units[own])
            with self._changed:
                self._done[own] = found

    def _measured_here(self, unit: Unit) -> Rows | AnalysisError:
        try:
            return list(self.measure(unit))
        except AnalysisError as error:
            return error

    def _take(self) -> int | None:
        """Number of the next unit to be measured, if there is one; the lock is held."""
        if self._lost:
            return heapq.heappop(self._lost)
        if self._taken < len(self._units) and self.go_on():
            self._taken += 1
            return self._taken - 1
        return None

    def _serve(self, number: int, process: UnitProcess) -> None:
        """Keep one process at work until the end; runs in a thread of its own."""
        try:
            refused = process.open(self.handover)
            if refused is not None:
                self._fail(refused)
                return
            while (own := self._next()) is not None:
                self._hand(number, process, own)
        except (OSError, EOFError):
            if not self._closed:
                self._note(LOST)
        finally:
            process.end()

    def _hand(self, number: int, process: UnitProcess, own: int) -> None:
        try:
            answer = process.measure(self._units[own])
        except (OSError, EOFError):
            with self._changed:
                heapq.heappush(self._lost, own)
                self._changed.notify_all()
            raise
        with self._changed:
            if isinstance(answer, UnitDone):
                self._done[own] = answer.rows
                self.forwards += answer.forwards
                self.full_forward |= answer.full_forward
                self._used[number] = answer
            else:
                self._done[own] = answer
            self._changed.notify_all()

    def _note(self, sentence: str) -> None:
        if sentence not in self.notes:
            self.notes.append(sentence)

    def _fail(self, error: AnalysisError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()

    def _next(self) -> int | None:
        """Number of the next unit to be measured, once there is one; None at the end."""
        with self._changed:
            while not self._closed:
                if (own := self._take()) is not None:
                    return own
                self._changed.wait()
            return None


def _handed_out(rows: Rows | AnalysisError) -> Iterator[CellSamples]:
    if isinstance(rows, AnalysisError):
        raise rows
    yield from rows
