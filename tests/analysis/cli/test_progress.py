import io
from dataclasses import replace

import pytest

from analysis.cli.progress import StatusLine, describe, span
from analysis.runs.records import Job, SweepOptions
from analysis.runs.store import RunStore


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    line = StatusLine(stream, clock)
    for second in range(25):
        clock.now = float(second)
        line.show(f"{second} s")
    line.close("done")
    assert stream.getvalue().splitlines() == ["0 s", "10 s", "20 s", "done"]


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    stream, clock = Terminal(), Clock()
    line = StatusLine(stream, clock)
    for second in range(3):
        clock.now = float(second)
        line.show(f"{second} s")
    line.close("done")
    assert stream.getvalue().count("\r") == 4
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("\x1b[Kdone\n")


@pytest.fixture
def job() -> Job:
    waiting = RunStore().submit("sweep", "digits", SweepOptions(), owner="cli")
    return replace(waiting, state="running", phase="sweeping", done=6, total=24)


def test_a_sweep_tells_its_units_and_the_time_left(job: Job) -> None:
    assert describe(job) == "sweeping 25% (6 of 24 cells)"
    timed = replace(job, eta_seconds=90.0)
    assert describe(timed) == "sweeping 25% (6 of 24 cells), about 1 min 30 s left"


def test_other_phases_tell_their_name(job: Job) -> None:
    assert describe(replace(job, phase="scoring", eta_seconds=3.0)) == "scoring"


def test_proxies_tell_their_pass(job: Job) -> None:
    comparing = replace(job, phase="comparing proxies", done=2, total=6)
    assert describe(comparing) == "comparing proxies, pass 3 of 6"
    assert describe(replace(comparing, done=6)) == "comparing proxies, pass 6 of 6"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7800, "2 h 10 min")],
)
def test_span_reads_well(seconds: float, words: str) -> None:
    assert span(seconds) == words
