import pickle
from time import process_time

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.frontier import frontier
from analysis.allocation.predict import to_choice
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def test_bytes_rise_and_divergences_fall(weights: Sensitivities) -> None:
    points = frontier(weights)
    pairs = [(point.weight_bytes, -point.divergence) for point in points]
    assert pairs == sorted(pairs)
    assert len({point.weight_bytes for point in points}) == len(points)


def test_it_runs_from_the_narrowest_to_the_best(weights: Sensitivities) -> None:
    points = frontier(weights)
    assert {c.weight.bits for c in points[0].recipe.layers.values() if c.weight} == {2}
    least = sum(
        min(p.divergence for p in weights.points if p.layer == layer.name)
        for layer in weights.layers
    )
    assert points[-1].divergence == pytest.approx(least, rel=1e-12)


def test_figures_are_those_of_the_recipe(both: Sensitivities) -> None:
    for point in frontier(both):
        choice = to_choice(both, point.recipe)
        assert point.weight_bytes == choice.cost.weight_bytes
        assert point.effective_bits == pytest.approx(choice.cost.effective_bits)
        assert point.bops == choice.cost.bops
        assert point.divergence == pytest.approx(choice.predicted.divergence, rel=1e-12)
        assert point.drop == pytest.approx(choice.predicted.drop, rel=1e-9)


def test_each_point_is_the_best_recipe_at_its_bytes(weights: Sensitivities) -> None:
    for point in frontier(weights)[::12]:
        choice = allocate(weights, Budget(weight_bytes=point.weight_bytes))
        assert choice.predicted.divergence == pytest.approx(point.divergence, rel=2e-6)


def test_locks_hold_at_every_point(weights: Sensitivities) -> None:
    lock = LayerConfig(WEIGHT_SPEC.with_bits(3))
    assert {p.recipe.layers["stem"] for p in frontier(weights, locked={"stem": lock})} == {lock}


def test_without_labels_the_points_have_no_drop() -> None:
    assert {point.drop for point in frontier(make_sensitivities(metric=None))} == {None}


def test_with_activations_only_one_point_is_left() -> None:
    (point,) = frontier(make_sensitivities(layers=4, target="activation"))
    assert {c.activation.bits for c in point.recipe.layers.values() if c.activation} == {8}


def test_points_survive_being_pickled(both: Sensitivities) -> None:
    point = frontier(both)[3]
    copy = pickle.loads(pickle.dumps(point))
    assert copy == point
    assert copy.recipe == point.recipe


def test_a_thousand_layers_take_a_fraction_of_a_second() -> None:
    result = make_sensitivities(layers=1000, bits=(2, 3, 4, 5, 6, 7, 8, 10))
    start = process_time()
    points = frontier(result)
    assert process_time() - start < 1.0  # measured: 0.08 s
    assert len(points) > 1000
