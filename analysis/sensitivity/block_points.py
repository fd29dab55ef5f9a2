"""What to expect when a whole block is quantised, from the cells of its layers; torch-free.

An estimate, never a measurement: the divergences of the layers alone, and what their errors add to
each other or cancel. With G the Gram matrix of output shifts (`Interactions`),
r = G_ij / sqrt(G_ii G_jj), s the layers' divergences and w how far the pairs can be trusted, the
block has sum s_i + 2 sum_{i<j} w r_ij sqrt(s_i s_j): the pairwise surrogate of a recipe that
quantises these layers alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.sensitivity.blocks import Block
from analysis.sensitivity.interactions import Interactions, pair_scales
from analysis.sensitivity.points import Cell, Sensitivities, SweepPoint, Target


@dataclass(frozen=True, slots=True)
class BlockPoint:
    """A block at one width: every layer in it at that width, all others in float.

    Attributes:
        layers: how many.
        divergence: the estimate; of a layer outside all blocks, what the sweep has of it.
        alone: sum of the layers' divergences, each quantised alone.
        pairs: what their errors add to that, negative where they cancel; None where it is not
            known or cannot be told from noise, and `divergence` is then `alone`.
        samples: sweep samples behind the figure of each layer, the fewest of them.
        total: of the stages of these figures.
        estimated: whether a layer's own figure is an estimate.
    """

    block: str
    target: Target
    bits: int
    layers: int
    divergence: float
    alone: float
    pairs: float | None
    samples: int
    total: int
    estimated: bool


BlockRow = tuple[BlockPoint | None, ...]


def block_points(
    result: Sensitivities,
    target: Target,
    blocks: Sequence[Block],
    known: Interactions | None,
) -> tuple[BlockRow, ...]:
    """One row a block, one entry a width of the sweep.

    None stands where a layer of the block has no point at that width.

    Args:
        result: the sweep.
        target: weights or activations.
        blocks: of its layers.
        known: pairwise terms of its cells, if they were kept.
    """
    widths = result.bits(target)
    points = {(point.layer, point.bits): point for point in result.leading(target)}
    trusted = known if known is not None and known.weight > 0 else None
    places = {} if trusted is None else {cell: n for n, cell in enumerate(trusted.cells)}
    return tuple(
        tuple(
            _point(block, [points.get((name, bits)) for name in block.layers], trusted, places)
            for bits in widths
        )
        for block in swept_blocks(result, target, blocks)
    )


def swept_blocks(result: Sensitivities, target: Target, blocks: Sequence[Block]) -> list[Block]:
    """The blocks without layers that the sweep leaves out: the rows of `block_points`."""
    asked = {cell.layer for cell in result.setup.cells if cell.target == target}
    cut = (Block(b.name, tuple(name for name in b.layers if name in asked)) for b in blocks)
    return [block for block in cut if block.layers]


def within_layers(result: Sensitivities, names: Sequence[str]) -> Sensitivities:
    """What a sweep has of some of its layers."""
    setup, kept = result.setup, frozenset(names)
    return replace(
        result,
        setup=replace(
            setup,
            layers=tuple(layer for layer in setup.layers if layer.name in kept),
            cells=tuple(cell for cell in setup.cells if cell.layer in kept),
        ),
        points=tuple(point for point in result.points if point.layer in kept),
    )


def _point(
    block: Block,
    points: Sequence[SweepPoint | None],
    known: Interactions | None,
    places: Mapping[Cell, int],
) -> BlockPoint | None:
    found = [point for point in points if point is not None]
    if len(found) < len(points):
        return None
    alone = float(np.sum([point.divergence for point in found], dtype=np.float64))
    pairs = None if len(found) == 1 else _pairs(found, known, places)
    first = found[0]
    return BlockPoint(
        block=block.name,
        target=first.target,
        bits=first.bits,
        layers=len(found),
        divergence=alone + (pairs or 0.0),
        alone=alone,
        pairs=pairs,
        samples=min(point.samples for point in found),
        total=max(point.total for point in found),
        estimated=any(point.stage == "sketch" for point in found),
    )


def _pairs(
    points: Sequence[SweepPoint], known: Interactions | None, places: Mapping[Cell, int]
) -> float | None:
    """What the errors of some cells add to each other."""
    if known is None or any(point.cell not in places for point in points):
        return None
    index = [places[point.cell] for point in points]
    gram = known.gram[np.ix_(index, index)]
    figures = np.array([point.divergence for point in points])
    scale = pair_scales(np.diag(gram), figures, known.weight)
    both = gram * np.outer(scale, scale)
    return float(both.sum() - np.trace(both))
