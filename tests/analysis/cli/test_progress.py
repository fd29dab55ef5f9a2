import io

import pytest

from analysis.cli.progress import Progress, span


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_log_gets_a_line_now_and_then_with_the_time_left() -> None:
    stream, clock = io.StringIO(), Clock()
    progress = Progress("Sweeping", 100, stream=stream, clock=clock)
    for second in range(1, 21):
        clock.now = float(second)
        progress.advance(1)
    assert stream.getvalue().splitlines() == [
        "Sweeping  10%, about 1 min 30 s left",
        "Sweeping  20%, about 1 min 20 s left",
    ]


def test_a_terminal_gets_one_line_that_is_rewritten() -> None:
    stream, clock = Terminal(), Clock()
    progress = Progress("Sweeping", 4, stream=stream, clock=clock)
    for second in range(1, 5):
        clock.now = float(second)
        progress.advance(1)
    progress.close()
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().count("\r") == 5
    assert stream.getvalue().endswith("Sweeping 100%, 4 s in all\n")


def test_work_that_is_already_done_is_complete() -> None:
    stream = io.StringIO()
    Progress("Sweeping", 0, stream=stream, clock=Clock()).close()
    assert stream.getvalue() == "Sweeping 100%, 0 s in all\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7800, "2 h 10 min")],
)
def test_span_reads_well(seconds: float, words: str) -> None:
    assert span(seconds) == words
