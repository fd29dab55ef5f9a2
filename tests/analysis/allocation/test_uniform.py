"""Uniform recipes of sweeps whose specs were chosen for each layer, within several families."""

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.baselines import baselines, same_bytes_uniform
from analysis.allocation.budget import Budget
from analysis.allocation.predict import predict
from analysis.allocation.rivals import rivals
from analysis.allocation.uniform import Uniforms
from analysis.hardware.catalogue import profile
from analysis.quant.spec import QuantSpec
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities, with_families


@pytest.fixture
def chosen() -> Sensitivities:
    return with_families(make_sensitivities(layers=6, target="both"))


def weights(recipe: Recipe) -> list[QuantSpec]:
    return [config.weight for config in recipe.layers.values() if config.weight is not None]


def test_each_layer_takes_its_own_best_spec_of_the_width(chosen: Sensitivities) -> None:
    recipe = same_bytes_uniform(chosen, 10**9)
    assert [spec.bits for spec in weights(recipe)] == [8] * 6
    for name, config in recipe.layers.items():
        points = [p for p in chosen.points if (p.layer, p.target, p.bits) == (name, "weight", 8)]
        assert config.weight is not None
        assert config.weight.label == min(points, key=lambda p: p.divergence).label


def test_it_keeps_to_the_families_of_the_recipe_it_is_the_baseline_of(
    chosen: Sensitivities,
) -> None:
    target = profile("nvidia-tensorrt")
    recipe = allocate(chosen, Budget(average_bits=8), profile=target).recipe
    families = {spec.family for spec in weights(recipe)}
    assert families == {"int8 sym per-channel"}
    for rival in rivals(chosen, recipe):
        assert {spec.family for spec in weights(rival)} == families


def test_inputs_take_one_width_each_with_its_own_range(chosen: Sensitivities) -> None:
    recipe = allocate(chosen, Budget(average_bits=4)).recipe
    for baseline in baselines(chosen, recipe):
        inputs = [config.activation for config in baseline.layers.values() if config.activation]
        assert len(inputs) == 6
        assert len({spec.bits for spec in inputs}) == 1
        assert len({spec.range_method for spec in inputs}) == 2
        predict(chosen, baseline)


def test_the_layers_of_a_group_take_the_family_that_is_best_for_all(
    chosen: Sensitivities,
) -> None:
    uniforms = Uniforms.like(chosen, None)
    assert [spec.bits for spec in uniforms.specs] == [2, 3, 4, 5, 6, 8]
    narrow = uniforms.specs[0]
    taken = [uniforms.own(layer.name, narrow) for layer in chosen.layers]
    symmetric = [spec.family.count(" sym ") for spec in taken if spec is not None]
    assert symmetric == [0, 1, 0, 1, 0, 1]
