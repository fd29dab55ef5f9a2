from dataclasses import replace

from analysis.charts.cells import cell_grid, setup_grid
from tests.sensitivities import make_sensitivities


def test_rows_are_layers_in_call_order_and_columns_bits() -> None:
    result = make_sensitivities(5, bits=(8, 2, 4))
    grid = cell_grid(result, "weight")
    assert grid.layers == tuple(layer.name for layer in result.layers)
    assert grid.bits == (2, 4, 8)
    assert all(
        point is not None and (point.layer, point.bits) == (name, bits)
        for name, row in zip(grid.layers, grid.rows, strict=True)
        for bits, point in zip(grid.bits, row, strict=True)
    )
    assert grid.count == 15


def test_worst_first_ranks_by_the_largest_divergence() -> None:
    grid = cell_grid(make_sensitivities(8), "weight", "worst")
    worst = [max(point.divergence for point in row if point) for row in grid.rows]
    assert worst == sorted(worst, reverse=True)


def test_a_partial_sweep_keeps_its_empty_rows() -> None:
    result = make_sensitivities(6, complete=False)
    grid = cell_grid(result, "weight", "worst")
    assert set(grid.layers) == {layer.name for layer in result.layers}
    assert grid.count == len(result.points) < 36
    assert grid.rows[-1] == (None,) * 6


def test_targets_are_kept_apart() -> None:
    result = make_sensitivities(4, target="both")
    assert {p.target for _, _, p in cell_grid(result, "activation").points} == {"activation"}
    assert cell_grid(make_sensitivities(4), "activation").layers == ()


def test_a_later_point_of_a_cell_replaces_an_earlier_one() -> None:
    result = make_sensitivities(2)
    first = result.points[0]
    later = replace(first, divergence=42.0)
    grid = setup_grid(result.setup, (first, later), "weight")
    assert [p.divergence for _, _, p in grid.points] == [42.0]
