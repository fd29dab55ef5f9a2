"""One row a layer: how tall the figure is, and which labels fit without touching."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil
from textwrap import wrap

LABELLED = 80
"""Up to so many rows each one has its label; beyond that blocks are labelled."""

NUMBERED = 40
"""Up to so many rows the cells have room for their numbers."""

_LABEL_HEIGHT = 14


@dataclass(frozen=True, slots=True)
class RowAxis:
    """Labels of rows that are counted from the top.

    Attributes:
        count: rows.
        pixels: height of one row.
        labels: row index and text, ascending.
    """

    count: int
    pixels: int
    labels: tuple[tuple[int, str], ...]

    @property
    def height(self) -> int:
        """Pixels of all rows."""
        return self.count * self.pixels


def row_axis(names: Sequence[str], *, selected: str | None = None) -> RowAxis:
    """Rows in the order given; the selected one is always labelled, in bold."""
    pixels = row_pixels(len(names))
    gap = max(1, ceil(_LABEL_HEIGHT / pixels))
    texts = dict(enumerate(names)) if gap == 1 else _block_starts(names)
    kept: list[int] = []
    chosen = names.index(selected) if selected in names else None
    for index in texts:
        clear = chosen is None or index == chosen or abs(index - chosen) >= gap
        if clear and (not kept or index - kept[-1] >= gap):
            kept.append(index)
    labels = {index: escape(shortened(texts[index])) for index in kept}
    if chosen is not None:
        labels[chosen] = f"<b>{escape(shortened(names[chosen]))}</b>"
    return RowAxis(len(names), pixels, tuple(sorted(labels.items())))


def row_pixels(count: int) -> int:
    """Height of one row: room for numbers, for labels, or just for colour."""
    if count <= NUMBERED:
        return 26
    return 16 if count <= LABELLED else 5


def shortened(name: str, length: int = 22) -> str:
    """The end of a long name: the beginning is what its neighbours share.

    It is cut at a dot where that leaves half of the length: ``…0.mlp.gate_proj``.
    """
    if len(name) <= length:
        return name
    end = name[1 - length :]
    whole = end if name[-length] == "." else end.partition(".")[2]
    return "…" + (whole if len(whole) >= length // 2 else end)


def wrapped(name: str, width: int = 24) -> str:
    """A name in words, escaped and broken into lines."""
    return "<br>".join(escape(line) for line in wrap(name, width, max_lines=3, placeholder="…"))


def block(name: str) -> str:
    """Block of a layer: its path up to the first number, or its first part.

    ``stage1.0.conv2`` lies in ``stage1.0``, ``head.fc`` in ``head``.
    """
    parts = name.split(".")
    number = next((i for i, part in enumerate(parts[:-1]) if part.isdigit()), 0)
    return ".".join(parts[: number + 1])


def _block_starts(names: Sequence[str]) -> dict[int, str]:
    """First row of each block; every row where neighbours do not share blocks."""
    starts = [i for i, name in enumerate(names) if i == 0 or block(name) != block(names[i - 1])]
    if len(starts) > 0.75 * len(names):
        return dict(enumerate(names))
    return {index: block(names[index]) for index in starts}
