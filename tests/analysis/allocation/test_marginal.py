from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.frontier import frontier
from analysis.allocation.marginal import next_step
from analysis.allocation.predict import to_choice
from analysis.errors import OptionError, RecipeMismatchError
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def test_the_step_does_what_it_says(weights: Sensitivities) -> None:
    recipe = allocate(weights, Budget(average_bits=3)).recipe
    step = next_step(weights, recipe)
    assert step is not None
    before = to_choice(weights, recipe)
    after = to_choice(weights, recipe.with_weight(step.layer, step.after))
    assert recipe.layers[step.layer].weight == step.before
    assert step.after.bits > step.before.bits
    assert after.cost.weight_bytes - before.cost.weight_bytes == step.extra_bytes
    gain = before.predicted.divergence - after.predicted.divergence
    assert gain == pytest.approx(step.gain)


def test_no_other_raise_gains_more_a_byte(weights: Sensitivities) -> None:
    recipe = allocate(weights, Budget(average_bits=3)).recipe
    step = next_step(weights, recipe)
    assert step is not None
    here = to_choice(weights, recipe)
    for layer, config in recipe.layers.items():
        assert config.weight is not None
        for bits in (3, 4, 5, 6, 8):
            if bits > config.weight.bits:
                there = to_choice(weights, recipe.with_weight(layer, WEIGHT_SPEC.with_bits(bits)))
                gain = here.predicted.divergence - there.predicted.divergence
                extra = there.cost.weight_bytes - here.cost.weight_bytes
                assert gain / extra <= step.gain / step.extra_bytes * (1 + 1e-9)


def test_from_a_frontier_point_the_step_leads_to_the_next(weights: Sensitivities) -> None:
    here, there = frontier(weights)[7:9]
    step = next_step(weights, here.recipe)
    assert step is not None
    assert here.recipe.with_weight(step.layer, step.after).layers == there.recipe.layers


def test_a_group_is_raised_whole(grouped: Sensitivities) -> None:
    members = tuple(layer.name for layer in grouped.layers[1:4])
    recipe = frontier(grouped)[-1].recipe
    for name in members:
        recipe = recipe.with_weight(name, WEIGHT_SPEC.with_bits(2))
    step = next_step(grouped, recipe)
    assert step is not None
    assert (step.layer, step.layers) == (members[0], members)


def test_nothing_is_left_to_raise_at_the_widest(weights: Sensitivities) -> None:
    assert next_step(weights, frontier(weights)[-1].recipe) is None


def test_a_layer_in_float_has_nothing_to_gain(weights: Sensitivities) -> None:
    layers = {layer.name: LayerConfig() for layer in weights.layers}
    assert next_step(weights, Recipe(layers, "made-up", weights.setup.fingerprint)) is None


def test_a_wider_spec_that_was_measured_worse_is_no_step(weights: Sensitivities) -> None:
    recipe = frontier(weights)[0].recipe
    worse = tuple(
        replace(point, divergence=9.0 if point.bits > 2 else 1.0) for point in weights.points
    )
    assert next_step(replace(weights, points=worse), recipe) is None


def test_recipes_that_do_not_suit_the_sweep_are_refused(weights: Sensitivities) -> None:
    recipe = frontier(weights)[0].recipe
    with pytest.raises(OptionError, match="was not measured as 'int7 asym"):
        next_step(weights, recipe.with_weight("head", WEIGHT_SPEC.with_bits(7)))
    with pytest.raises(RecipeMismatchError):
        next_step(make_sensitivities(seed=1), recipe)
