from dataclasses import replace

import pytest

from analysis.allocation.frontier import frontier
from analysis.allocation.recommend import recommend, recommendation
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def test_with_labels_it_is_the_smallest_within_one_percentage_point(
    weights: Sensitivities,
) -> None:
    found = recommendation(weights)
    assert found.choice.predicted.drop is not None
    assert 0 < found.choice.predicted.drop <= 0.01
    assert found.reason.startswith("The smallest recipe")
    assert "1 percentage point of top1" in found.reason
    smaller = [p for p in frontier(weights) if p.weight_bytes < found.choice.cost.weight_bytes]
    assert all(point.drop is not None and point.drop > 0.01 for point in smaller)
    assert recommend(weights) == found.choice


def test_other_metrics_may_lose_one_per_cent_of_the_float_figure(weights: Sensitivities) -> None:
    scaled = tuple(
        replace(point, metrics={"top1": 50 * point.metrics["top1"]}) for point in weights.points
    )
    setup = replace(weights.setup, reference={"top1": 50 * 0.918})
    found = recommendation(replace(weights, setup=setup, points=scaled))
    assert found.choice.predicted.drop is not None
    assert 0.01 < found.choice.predicted.drop <= 0.459
    assert "1 % of top1" in found.reason


def test_where_none_reaches_that_it_is_the_least_divergence() -> None:
    result = make_sensitivities(bits=(2, 3))
    found = recommendation(result)
    best = frontier(result)[-1]
    assert found.choice.recipe.layers == best.recipe.layers
    assert found.reason.startswith("No recipe of the swept widths is predicted")


def test_without_labels_it_is_the_knee_of_the_frontier() -> None:
    result = make_sensitivities(metric=None)
    found = recommendation(result)
    points = frontier(result)
    place = [p.weight_bytes for p in points].index(found.choice.cost.weight_bytes)
    assert 0 < place < len(points) - 1
    assert found.choice.predicted.drop is None
    assert found.reason.startswith("The knee of the frontier")


def test_a_sketch_is_judged_by_the_knee_too(weights: Sensitivities) -> None:
    points = tuple(replace(point, metrics={}, stage="sketch") for point in weights.points)
    found = recommendation(replace(weights, points=points))
    assert found.reason.startswith("The knee of the frontier")
    assert found.choice.predicted.drop is None


def test_a_frontier_of_one_point_is_its_own_knee() -> None:
    result = make_sensitivities(layers=3, target="activation", metric=None)
    assert recommend(result).recipe.layers == frontier(result)[0].recipe.layers


def test_the_knee_is_where_the_curve_bends(weights: Sensitivities) -> None:
    # From 4 bits on nothing improves much: the recipe of 4 bits everywhere is the corner.
    def bent(bits: int) -> float:
        return 10.0 ** (-2 * bits) if bits <= 4 else 10.0**-8 * (1 - 1e-6 * bits)

    points = tuple(replace(p, divergence=bent(p.bits), metrics={}) for p in weights.points)
    result = replace(weights, setup=replace(weights.setup, metric=None), points=points)
    recipe = recommend(result).recipe
    assert {c.weight.bits for c in recipe.layers.values() if c.weight} == {4}


@pytest.mark.parametrize("metric", ["top1", None])
def test_an_exact_recipe_does_not_upset_the_rule(metric: str | None) -> None:
    result = make_sensitivities(metric=metric)
    points = tuple(
        replace(p, divergence=0.0, low=0.0, high=0.0) if p.bits >= 6 else p for p in result.points
    )
    choice = recommend(replace(result, points=points))
    assert choice.cost.effective_bits < 7
