import io
import json
import os

from analysis.cli.answer import dumps, table, write


def test_table_aligns_words_left_and_figures_right() -> None:
    text = table(("layer", "weights"), [("stem", "144"), ("stage1.0.conv2", "2,304")])
    assert text.splitlines() == [
        "layer           weights",
        "stem                144",
        "stage1.0.conv2    2,304",
    ]


def test_table_keeps_square_brackets_as_they_are() -> None:
    assert "[bold]conv[/bold]" in table(("layer",), [("[bold]conv[/bold]",)])


def test_infinity_is_a_word_that_json_knows() -> None:
    text = dumps({"sqnr_db": [float("inf"), 1.0], "low": float("-inf"), "gain": float("nan")})

    def refused(constant: str) -> None:
        raise AssertionError(constant)

    read = json.loads(text, parse_constant=refused)
    assert read == {"sqnr_db": ["Infinity", 1.0], "low": "-Infinity", "gain": "NaN"}


def test_write_ends_with_a_newline_and_success() -> None:
    stream = io.StringIO()
    assert write("{}", stream) == 0
    assert stream.getvalue() == "{}\n"


def test_write_to_a_closed_pipe_is_quiet() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as stream:
        assert write("nobody reads this", stream) == 130
