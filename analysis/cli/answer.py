"""What a command hands back, and how it reaches standard output."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TextIO

import typer

from analysis import serial

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
"""Declared by every command so that the parser and the help know it; `main` acts on it."""

WorkloadArgument = Annotated[
    str,
    typer.Argument(
        metavar="WORKLOAD",
        help="A built-in name such as fashion-mnist, or a factory such as my_case.py:make.",
    ),
]


@dataclass(frozen=True, slots=True)
class Answer:
    """A result twice: plain data for `--json`, text for people."""

    document: Any
    text: str


def write(text: str, stream: TextIO) -> int:
    """Write to standard output; a reader that has gone away is no error.

    Returns:
        The exit code: 0, or 130 when nobody listens any more.
    """
    try:
        stream.write(text + "\n")
        stream.flush()
    except BrokenPipeError:
        # Python flushes stdout once more as it exits; that must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return 130
    return 0


def note(sentence: str) -> None:
    """Tell the person something that is no part of the result."""
    sys.stderr.write(sentence + "\n")


def dumps(document: Any) -> str:
    """Indented JSON; infinity and NaN are words, see `serial.spelled`."""
    return json.dumps(serial.spelled(document), indent=1, allow_nan=False)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned with spaces: words to the left, figures to the right."""
    columns = list(zip(headers, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    figures = [all(_is_figure(cell) for cell in column[1:]) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, figures, strict=True)
        ).rstrip()
        for row in (headers, *rows)
    ]
    return "\n".join(lines)


def _is_figure(cell: str) -> bool:
    return not cell or cell[0].isdigit() or cell[0] in "-+.–"
