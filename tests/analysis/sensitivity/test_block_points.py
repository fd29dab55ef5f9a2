from dataclasses import replace

import numpy as np
import pytest

from analysis.recipe import LayerConfig, Recipe
from analysis.scoring import measure
from analysis.sensitivity.block_points import BlockPoint, block_points, swept_blocks, within_layers
from analysis.sensitivity.blocks import Block, find_blocks
from analysis.sensitivity.interactions import Interactions, interactions_of
from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.sweep import sweep
from tests.gram import make_interactions
from tests.nets import make_workload
from tests.sensitivities import make_sensitivities


def blocks_of(result: Sensitivities) -> tuple[Block, ...]:
    return find_blocks([layer.name for layer in result.layers])


def several(result: Sensitivities, known: Interactions | None) -> list[BlockPoint]:
    rows = block_points(result, "weight", blocks_of(result), known)
    return [point for row in rows for point in row if point is not None and point.layers > 1]


def test_a_block_is_half_the_square_of_the_sum_of_its_shifts() -> None:
    result = make_sensitivities(16)
    known = make_interactions(result)
    place = {cell: number for number, cell in enumerate(known.cells)}
    blocks = {block.name: block.layers for block in blocks_of(result)}
    for point in several(result, known):
        cells = [result.point(name, "weight", point.bits) for name in blocks[point.block]]
        index = [place[cell.cell] for cell in cells if cell is not None]
        assert point.divergence == pytest.approx(known.gram[np.ix_(index, index)].sum())
        assert point.alone + (point.pairs or 0.0) == pytest.approx(point.divergence)


@pytest.mark.parametrize("reliability", [None, 0.2])
def test_without_pairs_to_be_trusted_a_block_is_the_sum_of_its_layers(
    reliability: float | None,
) -> None:
    result = make_sensitivities(16)
    known = None if reliability is None else make_interactions(result, reliability=reliability)
    for point in several(result, known):
        assert point.pairs is None
        assert point.divergence == point.alone


def test_a_layer_outside_all_blocks_keeps_its_figure() -> None:
    result = make_sensitivities(16)
    rows = block_points(result, "weight", blocks_of(result), make_interactions(result))
    stem = result.point("stem", "weight", 4)
    first = next(point for point in rows[0] if point is not None and point.bits == 4)
    assert stem is not None
    assert (first.block, first.layers) == ("stem", 1)
    assert (first.divergence, first.pairs) == (stem.divergence, None)


def test_a_block_with_a_layer_that_is_not_measured_has_no_figure() -> None:
    whole = make_sensitivities(16, bits=(4,))
    lost = whole.points[1]
    result = replace(whole, points=tuple(point for point in whole.points if point != lost))
    rows = dict(
        zip(
            (block.name for block in blocks_of(result)),
            block_points(result, "weight", blocks_of(result), None),
            strict=True,
        )
    )
    hurt = next(block.name for block in blocks_of(result) if lost.layer in block.layers)
    assert [name for name, row in rows.items() if row == (None,)] == [hurt]


def test_layers_that_the_sweep_leaves_out_are_no_part_of_a_block() -> None:
    whole = make_sensitivities(16, bits=(4,))
    result = replace(
        whole, setup=replace(whole.setup, cells=whole.setup.cells[2:]), points=whole.points[2:]
    )
    names = [
        name for block in swept_blocks(result, "weight", blocks_of(whole)) for name in block.layers
    ]
    assert names == [layer.name for layer in whole.layers][2:]
    assert swept_blocks(result, "activation", blocks_of(whole)) == []


def test_the_layers_of_a_block_are_a_sweep_of_their_own() -> None:
    result = make_sensitivities(16, target="both")
    block = next(block for block in blocks_of(result) if not block.alone)
    part = within_layers(result, block.layers)
    assert tuple(layer.name for layer in part.layers) == block.layers
    assert {point.layer for point in part.points} == set(block.layers)
    assert len(part.points) == len(part.setup.cells) == 2 * 6 * len(block.layers)


def test_the_estimate_lies_nearer_to_the_measured_block_than_the_sum_does() -> None:
    workload = make_workload("encoder")
    made = sweep(workload, bits=(4, 8))
    found = list(made.measurements())
    points = {point.cell: point for _, point in found}
    result = Sensitivities.assemble(made.setup, points.values(), made.cost)
    known = interactions_of(result.setup.cells, [rows for rows, _ in found])
    blocks = {block.name: block.layers for block in blocks_of(result)}
    for point in several(result, known):
        cells = [result.point(name, "weight", point.bits) for name in blocks[point.block]]
        layers = {cell.layer: LayerConfig(weight=cell.cell.spec) for cell in cells if cell}
        recipe = Recipe(layers, result.setup.workload, result.setup.fingerprint)
        measured = measure(workload, recipe).divergence
        assert point.divergence == pytest.approx(measured, rel=0.06)
        assert abs(point.divergence - measured) < abs(point.alone - measured)
