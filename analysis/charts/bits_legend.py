"""The key to the colours of bit-widths."""

from collections.abc import Iterable
from typing import Any

from analysis.charts.numerals import SPACE
from analysis.charts.palette import bits_colour


def bits_legend(widths: Iterable[int | None]) -> dict[str, object]:
    """One line above the plot: a square in the colour of each width that occurs."""
    found = set(widths)
    present = sorted(width for width in found if width is not None)
    names = {width: str(width) for width in present} | ({None: "float"} if None in found else {})
    squares = [
        f'<span style="color:{bits_colour(width)}">■</span>{SPACE}{name}'
        for width, name in names.items()
    ]
    return line_above((3 * SPACE).join(["bits", *squares]))


def line_above(text: str) -> dict[str, Any]:
    """An annotation of one line, left above the plot."""
    return {
        "text": text,
        "x": 0,
        "xref": "paper",
        "xanchor": "left",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "yshift": 6,
        "showarrow": False,
        "font": {"size": 12},
    }
