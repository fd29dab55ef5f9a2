"""What the points of a sweep rest on, in words: measured or estimated, on how many samples."""

from collections.abc import Iterable

from analysis.sensitivity.points import Stage, SweepPoint
from pages.ui.text import samples_text

_WORDS: dict[Stage, tuple[str, str]] = {
    "exact": ("measured on", "sweep"),
    "sampled": ("measured on", "drawn sweep"),
    "sketch": ("estimated (second order, not measured) from", "sweep"),
}


def evidence_text(points: Iterable[SweepPoint], asked: int) -> str:
    """One sentence: ``All 102 cells are measured on 500 sweep samples``, with a full stop.

    Args:
        points: the newest point of each cell.
        asked: cells of the sweep.
    """
    found = tuple(points)
    groups: dict[tuple[Stage, int, bool], int] = {}
    for point in found:
        key = (point.stage, point.samples, point.complete)
        groups[key] = groups.get(key, 0) + 1
    parts = [_part(*key, count, asked) for key, count in sorted(groups.items(), reverse=True)]
    if len(found) < asked or not parts:
        parts.append(f"{asked - len(found):,} not measured yet")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _part(stage: Stage, samples: int, complete: bool, count: int, asked: int) -> str:
    word, kind = _WORDS[stage]
    cells = f"all {count:,} cells are" if count == asked else f"{count:,} of {asked:,} cells"
    partly = "" if complete else " so far"
    return f"{cells} {word} {samples_text(samples, kind)}{partly}"
