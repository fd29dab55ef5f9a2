from dataclasses import replace
from math import fsum

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.predict import predict, share_of_loss, to_choice
from analysis.errors import OptionError, RecipeMismatchError
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


@pytest.fixture
def recipe(weights: Sensitivities) -> Recipe:
    """A mixed recipe of about three bits."""
    return allocate(weights, Budget(average_bits=3)).recipe


def test_divergences_and_half_widths_add_up(weights: Sensitivities, recipe: Recipe) -> None:
    chosen = [
        point
        for point in weights.points
        if recipe.layers[point.layer].weight == WEIGHT_SPEC.with_bits(point.bits)
    ]
    assert len(chosen) == 12
    prediction = predict(weights, recipe)
    assert prediction.divergence == fsum(point.divergence for point in chosen)
    assert prediction.low == fsum(point.low for point in chosen)
    assert prediction.high == fsum(point.high for point in chosen)


def test_weights_and_activations_both_count(both: Sensitivities) -> None:
    recipe = allocate(both, Budget(average_bits=8)).recipe
    inputs_in_float = {name: LayerConfig(c.weight) for name, c in recipe.layers.items()}
    only_weights = predict(both, replace(recipe, layers=inputs_in_float))
    extra = sum(p.divergence for p in both.of("activation") if p.bits == 8)
    assert predict(both, recipe).divergence == pytest.approx(only_weights.divergence + extra)


def test_a_recipe_that_quantises_nothing_loses_nothing(weights: Sensitivities) -> None:
    recipe = Recipe({}, "made-up", weights.setup.fingerprint)
    prediction = predict(weights, recipe)
    assert (prediction.divergence, prediction.low, prediction.high) == (0.0, 0.0, 0.0)
    assert prediction.drop == 0.0
    assert prediction.samples == weights.setup.samples
    assert set(share_of_loss(weights, recipe)) == {(x.name, 0.0) for x in weights.layers}


def test_the_interval_does_not_reach_below_zero(weights: Sensitivities, recipe: Recipe) -> None:
    points = tuple(replace(point, low=-point.divergence) for point in weights.points)
    assert predict(replace(weights, points=points), recipe).low == 0.0


def test_the_fewest_samples_behind_a_term_are_named(weights: Sensitivities, recipe: Recipe) -> None:
    points = tuple(
        replace(point, samples=64) if point.layer == "head" else point for point in weights.points
    )
    assert predict(replace(weights, points=points), recipe).samples == 64


def test_without_labels_no_drop_is_predicted(recipe: Recipe) -> None:
    assert predict(make_sensitivities(metric=None), recipe).drop is None


def test_a_spec_that_was_not_swept_cannot_be_predicted(
    weights: Sensitivities, recipe: Recipe
) -> None:
    odd = recipe.with_weight("head", WEIGHT_SPEC.with_bits(7))
    with pytest.raises(OptionError, match="weight of 'head' was not measured as 'int7 asym"):
        predict(weights, odd)
    with pytest.raises(OptionError):
        share_of_loss(weights, odd)


def test_a_recipe_of_another_model_is_refused(weights: Sensitivities, recipe: Recipe) -> None:
    with pytest.raises(RecipeMismatchError):
        predict(make_sensitivities(seed=1), recipe)


def test_shares_sum_to_one_and_begin_with_the_largest(
    weights: Sensitivities, recipe: Recipe
) -> None:
    shares = share_of_loss(weights, recipe)
    assert {name for name, _ in shares} == {layer.name for layer in weights.layers}
    assert sum(share for _, share in shares) == pytest.approx(1)
    assert [s for _, s in shares] == sorted((s for _, s in shares), reverse=True)
    name, share = shares[0]
    spec = recipe.layers[name].weight
    assert spec is not None
    point = weights.point(name, "weight", spec.bits)
    assert point is not None
    assert share == pytest.approx(point.divergence / predict(weights, recipe).divergence)


def test_a_choice_carries_cost_and_prediction(weights: Sensitivities, recipe: Recipe) -> None:
    choice = to_choice(weights, recipe)
    assert choice.predicted == predict(weights, recipe)
    assert choice.cost.other_bytes == weights.setup.other_bytes
    assert choice.measured is None
