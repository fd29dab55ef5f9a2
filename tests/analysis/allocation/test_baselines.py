from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.average import bytes_at
from analysis.allocation.baselines import baselines, same_bytes_uniform
from analysis.allocation.budget import Budget
from analysis.allocation.frontier import frontier
from analysis.cost import recipe_cost
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def _bits(recipe: Recipe) -> list[int]:
    return [config.weight.bits for config in recipe.layers.values() if config.weight]


def _bytes(result: Sensitivities, recipe: Recipe) -> int:
    return recipe_cost(result.layers, recipe, other_bytes=0).weight_bytes


def test_exactly_enough_bytes_give_the_pure_width(weights: Sensitivities) -> None:
    recipe = same_bytes_uniform(weights, bytes_at(weights, 4))
    assert set(_bits(recipe)) == {4}
    assert recipe.name == "uniform 4-bit"


def test_bytes_left_over_raise_the_input_side_by_one_width(weights: Sensitivities) -> None:
    limit = (bytes_at(weights, 4) + bytes_at(weights, 5)) // 2
    recipe = same_bytes_uniform(weights, limit)
    bits = _bits(recipe)
    assert bits[0] == 5
    raised = bits.index(4)
    assert set(bits[:raised]) == {5}
    assert recipe.name == "uniform 4–5-bit, same bytes"
    assert _bytes(weights, recipe) <= limit


def test_a_layer_that_does_not_fit_is_passed_over(weights: Sensitivities) -> None:
    # Enough for the stem (20 bytes a bit) and the head (82), not for the larger ones between.
    limit = bytes_at(weights, 4) + 102
    assert _bits(same_bytes_uniform(weights, limit)) == [5] + [4] * 10 + [5]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 3.0])
def test_it_never_takes_more_than_the_bytes(weights: Sensitivities, share: float) -> None:
    low, high = bytes_at(weights, 2), bytes_at(weights, 8)
    limit = int(low + share * (high - low))
    assert _bytes(weights, same_bytes_uniform(weights, limit)) <= limit


def test_groups_are_raised_whole(grouped: Sensitivities) -> None:
    for limit in range(bytes_at(grouped, 2), bytes_at(grouped, 8), 700):
        assert len(set(_bits(same_bytes_uniform(grouped, limit))[1:4])) == 1


def test_too_few_bytes_name_the_smallest(weights: Sensitivities) -> None:
    with pytest.raises(InfeasibleBudgetError, match="2-bit, takes 40,463"):
        same_bytes_uniform(weights, 40_462)


def test_a_width_must_be_measured_on_every_layer(weights: Sensitivities) -> None:
    points = tuple(p for p in weights.points if p.bits == 8 or p.layer != "head")
    result = replace(weights, points=points)
    assert set(_bits(same_bytes_uniform(result, 10**9))) == {8}
    without = replace(weights, points=tuple(p for p in weights.points if p.layer != "head"))
    with pytest.raises(OptionError, match="measured on every layer"):
        same_bytes_uniform(without, 10**9)
    with pytest.raises(OptionError, match="measured on every layer"):
        same_bytes_uniform(make_sensitivities(target="activation"), 10**9)


def test_activations_are_one_width_near_the_recipes_own(both: Sensitivities) -> None:
    recipe = allocate(both, Budget(average_bits=5)).recipe
    narrow = {
        name: replace(config, activation=config.activation and config.activation.with_bits(4))
        for name, config in recipe.layers.items()
    }
    for baseline in baselines(both, replace(recipe, layers=narrow)):
        assert {c.activation.bits for c in baseline.layers.values() if c.activation} == {4}


def test_a_recipe_with_float_activations_has_baselines_with_float_activations(
    both: Sensitivities,
) -> None:
    recipe = allocate(both, Budget(average_bits=5)).recipe
    layers = {name: LayerConfig(config.weight) for name, config in recipe.layers.items()}
    for baseline in baselines(both, replace(recipe, layers=layers)):
        assert {config.activation for config in baseline.layers.values()} == {None}


def test_without_a_recipe_activations_take_the_widest_swept(both: Sensitivities) -> None:
    recipe = same_bytes_uniform(both, 10**9)
    assert {c.activation.bits for c in recipe.layers.values() if c.activation} == {8}


def test_the_baselines_of_a_mixed_recipe(weights: Sensitivities) -> None:
    recipe = allocate(weights, Budget(average_bits=4.6)).recipe
    stored = _bytes(weights, recipe)
    found = baselines(weights, recipe)
    assert [baseline.name for baseline in found] == [
        "uniform 4–5-bit, same bytes",
        "uniform 4-bit",
        "uniform 5-bit",
        "first and last layer 8-bit, rest 4-bit",
    ]
    assert [_bytes(weights, baseline) <= stored for baseline in found] == [True, True, False, True]
    ends = _bits(found[-1])
    assert (ends[0], ends[-1], set(ends[1:-1])) == (8, 8, {4})


def test_the_widest_recipe_has_only_itself_for_a_baseline(weights: Sensitivities) -> None:
    (same, ends) = baselines(weights, frontier(weights)[-1].recipe)
    assert set(_bits(same)) == {8}
    assert ends.name == "first and last layer 8-bit, rest 6-bit"


def test_a_recipe_below_every_uniform_one_has_the_next_above(weights: Sensitivities) -> None:
    # Widths measured everywhere begin at 3 where one layer lacks its 2-bit cell.
    points = tuple(p for p in weights.points if (p.layer, p.bits) != ("head", 2))
    result = replace(weights, points=points)
    recipe = frontier(result)[0].recipe
    assert [baseline.name for baseline in baselines(result, recipe)] == ["uniform 3-bit"]
