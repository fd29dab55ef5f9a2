from dataclasses import replace

import pytest

from analysis.sensitivity.plan import expected_seconds, planned_cells
from tests.sensitivities import make_sensitivities


@pytest.mark.parametrize(
    ("target", "specs"), [("weight", (3, 0)), ("activation", (0, 3)), ("both", (3, 3))]
)
def test_the_plan_counts_the_cells_the_sweep_has(target, specs):
    result = make_sensitivities(5, bits=(2, 4, 8), target=target)
    weights, inputs = specs
    planned = planned_cells(result.layers, weights=weights, inputs=inputs)
    assert planned == len(result.setup.cells)


def test_the_input_of_a_layer_that_never_runs_is_not_planned():
    first, *rest = make_sensitivities(5).layers
    net = [replace(first, calls=0, input_shape=None), *rest]
    assert planned_cells(net, weights=2, inputs=2) == 2 * (5 + 4)


def test_the_pace_of_an_earlier_sweep_carries_over():
    earlier = make_sensitivities(5, bits=(2, 4))
    whole = earlier.cost.seconds
    assert expected_seconds(earlier, 20, took=whole) == pytest.approx(2 * whole)


def test_what_is_not_measuring_takes_as_long_as_before():
    earlier = make_sensitivities(5, bits=(2, 4))
    whole = earlier.cost.seconds
    assert expected_seconds(earlier, 10, took=whole + 8.0) == pytest.approx(whole + 8.0)


def test_an_unfinished_sweep_has_no_pace():
    assert expected_seconds(make_sensitivities(5, complete=False), 10, took=1.0) is None
