import json
from typing import Any

import numpy as np

from analysis.charts.block_heatmap import (
    BlockInfo,
    block_heatmap,
    block_heatmap_alt,
    block_info,
    block_text,
    hover_text,
    in_cell,
)
from analysis.sensitivity.block_points import BlockPoint
from analysis.sensitivity.blocks import find_blocks
from analysis.sensitivity.points import Sensitivities
from tests.gram import make_interactions
from tests.sensitivities import make_sensitivities


def info_of(result: Sensitivities, **more: Any) -> BlockInfo:
    blocks = find_blocks([layer.name for layer in result.layers])
    return block_info(result, "weight", blocks, make_interactions(result), **more)


def point(layers: int, *, pairs: float | None = 0.02, estimated: bool = False) -> BlockPoint:
    alone = 0.1
    total = alone + (pairs or 0.0)
    return BlockPoint("b", "weight", 4, layers, total, alone, pairs, 512, 512, estimated)


def test_colours_rank_as_the_estimates_do() -> None:
    info = info_of(make_sensitivities(16))
    values = [cell.divergence for _, _, cell in info.grid.points]
    shares = [float(info.shares[row, column]) for row, column, _ in info.grid.points]
    assert np.argsort(values).tolist() == np.argsort(shares).tolist()


def test_worst_first_ranks_blocks_by_their_largest_estimate() -> None:
    grid = info_of(make_sensitivities(16), order="worst").grid
    worst = [max(cell.divergence for cell in row if cell is not None) for row in grid.rows]
    assert worst == sorted(worst, reverse=True)


def test_every_figure_of_several_layers_says_that_it_is_an_estimate() -> None:
    assert in_cell(point(3)) == "≈0.12"
    assert block_text(point(3)) == "≈ 0.120 (0.100 +0.020)"
    assert "an estimate: 3 layers" in hover_text(point(3))
    assert "add to each other +0.0200" in hover_text(point(3))
    assert "not known" in hover_text(point(3, pairs=None))
    assert block_text(point(3, pairs=None)) == "≈ 0.100"


def test_one_layer_is_told_as_the_sweep_has_it() -> None:
    assert in_cell(point(1, pairs=None)) == "0.10"
    assert "one layer, measured" in hover_text(point(1, pairs=None))
    assert in_cell(point(1, pairs=None, estimated=True)) == "≈0.10"
    assert "estimate of the sweep" in hover_text(point(1, pairs=None, estimated=True))


def test_the_figure_carries_the_block_of_each_cell_and_says_what_it_shows() -> None:
    info = info_of(make_sensitivities(16))
    document = json.loads(block_heatmap(info, selected="stage1.0").to_json())
    clicks = document["data"][-1]["customdata"]
    assert [row[0] for row in clicks[::6]] == list(info.grid.layers)
    titles = [note["text"] for note in document["layout"]["annotations"]]
    assert titles == ["estimated divergence (KL, nats)"]
    assert "estimated divergence" in block_heatmap_alt(info)
    assert len(document["layout"]["shapes"]) == 1
