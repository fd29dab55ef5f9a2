"""The report's pictures as inline SVG, cut into pieces that fit a printed page."""

from collections.abc import Iterator, Sequence
from html import escape
from math import isnan

from analysis.charts.heatmap import HeatmapInfo
from analysis.charts.palette import CIVIDIS, bits_colour, ink_on, ramp
from analysis.charts.rows import shortened
from analysis.charts.strip import stretches
from analysis.report.markup import Html, tag

ROWS = 30
"""Rows of one picture: a longer one leaves the first printed page empty."""

_WIDTH, _NAMES, _ROW, _HEAD = 720, 190, 20, 22
_INK = {"#000000": "", "#FFFFFF": ' class="w"'}


def _svg(height: int, label: str, content: str) -> Html:
    return Html(
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{content}</svg>"
    )


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<path fill="{fill}" d="M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z"/>'


def _text(x: float, text: str, *, y: float = 0, kind: str = "") -> str:
    place = f' y="{y:g}"' if y else ""
    return f'<text x="{x:g}"{place}{kind}>{escape(text)}</text>'


def heatmap_pieces(info: HeatmapInfo) -> Iterator[Html]:
    """The heat map with its numbers, `ROWS` layers a picture, widths above each."""
    count = len(info.grid.layers)
    for first in range(0, count, ROWS):
        last = min(first + ROWS, count)
        label = f"{info.read.title} of layers {first + 1} to {last} of {count}, at each width"
        head = "".join(
            _text(_centre(info, column), f"{bits} bits", y=15, kind=' class="s"')
            for column, bits in enumerate(info.grid.bits)
        )
        rows = "".join(_row(info, row, row - first) for row in range(first, last))
        yield tag("figure", _svg(_HEAD + _ROW * (last - first), label, head + rows))


def _cell_width(info: HeatmapInfo) -> float:
    return (_WIDTH - _NAMES) / max(1, len(info.grid.bits))


def _centre(info: HeatmapInfo, column: int) -> float:
    return round(_NAMES + _cell_width(info) * (column + 0.5))


def _row(info: HeatmapInfo, row: int, place: int) -> str:
    """One layer. Cells are thick lines and the group's origin is their middle: few characters."""
    width = _cell_width(info)
    parts = [_text(_NAMES - 8, shortened(info.grid.layers[row], 30), kind=' class="n"')]
    for column, point in enumerate(info.grid.rows[row]):
        if point is None:
            continue
        share, text = float(info.shares[row, column]), info.texts[row][column]
        if isnan(share):
            parts.append(_text(_centre(info, column), text, kind=' class="s"'))
            continue
        fill, left = ramp(CIVIDIS, share), round(_NAMES + width * column)
        parts.append(f'<path stroke="{fill}" d="M{left} 0h{round(width) - 1}"/>')
        parts.append(_text(_centre(info, column), text, kind=_INK[ink_on(fill)]))
    middle = _HEAD + _ROW * place + _ROW // 2
    return f'<g transform="translate(0 {middle})">{"".join(parts)}</g>'


def colour_key(info: HeatmapInfo) -> Html:
    """The colours of the heat map with their values."""
    steps, left, width = 40, _NAMES, _WIDTH - _NAMES
    boxes = "".join(
        _box(left + width * i / steps, 0, width / steps + 0.5, 8, ramp(CIVIDIS, i / (steps - 1)))
        for i in range(steps)
    )
    ticks = "".join(
        _text(left + width * min(max(share, 0.02), 0.98), text, y=22, kind=' class="s"')
        for share, text in info.ticks
    )
    return tag("figure", _svg(28, f"colours of {info.read.title}", boxes + ticks))


def bits_row(title: str, widths: Sequence[int | None]) -> Html:
    """The widths along the network: a box for each stretch of one width, numbered where it fits."""
    scale = (_WIDTH - 90) / max(1, len(widths))
    parts = [_text(0, title, y=17, kind=' class="e"')]
    for run in stretches(widths):
        fill, width = bits_colour(run.bits), scale * run.length
        x = 90 + scale * run.first
        parts.append(_box(round(x, 1), 2, round(width - min(1.0, width / 8), 1), 22, fill))
        if width >= 16:
            number = "–" if run.bits is None else str(run.bits)
            parts.append(_text(round(x + width / 2, 1), number, y=17, kind=_INK[ink_on(fill)]))
    return tag("figure", _svg(26, f"bits of the {title} along the network", "".join(parts)))
