"""Blocks of a sweep in the command line: what to expect of each when all of it is quantised."""

from collections.abc import Sequence
from typing import Any, get_args

from analysis import serial
from analysis.charts.block_heatmap import in_cell
from analysis.cli.answer import table
from analysis.sensitivity.block_points import block_points, swept_blocks
from analysis.sensitivity.blocks import Block, find_blocks
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities, Target


def blocks_document(result: Sensitivities, known: Interactions | None) -> list[dict[str, Any]]:
    """One entry a block, target and width; empty for a net without repeated blocks."""
    blocks = find_blocks([layer.name for layer in result.layers])
    found = [
        (block, point)
        for target in get_args(Target)
        for block, row in zip(
            swept_blocks(result, target, blocks),
            block_points(result, target, blocks, known),
            strict=True,
        )
        for point in row
        if point is not None and not block.alone
    ]
    return [{**serial.to_plain(point), "layers": list(block.layers)} for block, point in found]


def blocks_text(result: Sensitivities, known: Interactions | None) -> str:
    """The blocks as tables and what their figures are; empty without repeated blocks."""
    blocks = find_blocks([layer.name for layer in result.layers])
    if not blocks:
        return ""
    targets = [target for target in get_args(Target) if result.of(target)]
    tables = [_table(result, target, blocks, known) for target in targets]
    pairs = known is not None and known.weight > 0
    made = "the layers' own figures and what their errors add to each other"
    told = made if pairs else "the sum of the layers' own figures"
    words = f"≈ estimated, not measured: all layers of the block at that width, from {told}."
    return "\n\n".join([*tables, words])


def _table(
    result: Sensitivities, target: Target, blocks: Sequence[Block], known: Interactions | None
) -> str:
    rows = [
        (block.name, *("–" if point is None else in_cell(point) for point in row))
        for block, row in zip(
            swept_blocks(result, target, blocks),
            block_points(result, target, blocks, known),
            strict=True,
        )
    ]
    widths = [f"{bits} bits" for bits in result.bits(target)]
    return table((f"{target}, blocks", *widths), rows)
