"""`quantscope heads`: which attention heads would suffer most, and which least."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from analysis import serial
from analysis.charts.heads import PARTS
from analysis.charts.numerals import DIVERGENCES, short
from analysis.cli.answer import Answer, JsonFlag, WorkloadArgument, note, table
from analysis.cli.opening import open_workload
from analysis.sensitivity.heads.values import HeadRow, HeadScores, Part

NAMED = 5
"""Heads told from the top of the whole model, and from its bottom."""


def heads(
    workload: WorkloadArgument,
    bits: Annotated[int, typer.Option(help="Width of the head's slice, from 2 to 16.")] = 4,
    seed: Annotated[int, typer.Option(help="Of the samples and directions drawn.")] = 0,
    seconds: Annotated[float, typer.Option(help="Begin no new samples after so long.")] = 30.0,
    as_json: JsonFlag = False,
) -> Answer:
    """Estimate what each attention head would cost, quantised alone: the most and the least."""
    from analysis.sensitivity.heads.scoring import score_heads

    opened = open_workload(workload)
    scores = score_heads(opened, bits=bits, seed=seed, seconds=seconds)
    for sentence in scores.left_out:
        note(sentence)
    return Answer({"workload": opened.name, **serial.to_plain(scores)}, heads_text(scores))


class _Head(NamedTuple):
    divergence: float
    row: HeadRow
    number: int


def heads_text(scores: HeadScores) -> str:
    """Extremes of each attention layer, extremes of the model, and what the figures are."""
    ranked = sorted((head for row in scores.rows for head in _heads(row)), key=_cost)
    count = min(NAMED, len(ranked) // 2)
    parts = [_by_layer(scores)]
    if count:
        parts += [
            _named("most sensitive", ranked[: -count - 1 : -1]),
            _named("least sensitive", ranked[:count]),
        ]
    return "\n\n".join([*parts, _words(scores)])


def _heads(row: HeadRow) -> list[_Head]:
    return [_Head(value, row, place + 1) for place, value in enumerate(row.divergence)]


def _cost(head: _Head) -> float:
    return head.divergence


def _by_layer(scores: HeadScores) -> str:
    """One line an attention layer: its heads, and of each projection the worst and the best."""
    layers: dict[str, dict[Part, HeadRow]] = {}
    for row in scores.rows:
        layers.setdefault(row.attention, {})[row.part] = row
    rows = [
        (
            name or "the model itself",
            str(len(found["q"].divergence)),
            str(len(found["k"].divergence)),
            *(_extremes(found.get(part)) for part in scores.parts),
        )
        for name, found in layers.items()
    ]
    shown = [f"{PARTS[part]}, most to least" for part in scores.parts]
    return table(("attention layer", "heads", "of keys", *shown), rows)


def _extremes(row: HeadRow | None) -> str:
    """``3: 0.0121 … 7: 0.000310``."""
    if row is None:
        return "–"
    most, least = max(_heads(row), key=_cost), min(_heads(row), key=_cost)
    words = f"{most.number}: {short(most.divergence)}"
    if most.number == least.number:
        return words
    return f"{words} … {least.number}: {short(least.divergence)}"


def _named(title: str, heads: Sequence[_Head]) -> str:
    rows = [
        (head.row.attention, PARTS[head.row.part], str(head.number), short(head.divergence, 3))
        for head in heads
    ]
    return table((title, "projection", "head", "divergence"), rows)


def _words(scores: HeadScores) -> str:
    more = " More time, such as --seconds 120, brings it down." * (scores.samples < scores.total)
    return (
        f"≈ estimated, not measured: {DIVERGENCES[scores.kind]} with only that head's slice of the "
        f"weight at {scores.label}, scales of the whole layer; from {scores.samples:,} of "
        f"{scores.total:,} sweep samples, each figure with a standard error of about "
        f"{100 * scores.error:.0f} %.{more} Heads are counted from 1."
    )
