import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.rivals import greedy_by_score, random_mix
from analysis.allocation.uniform import Uniforms
from analysis.errors import InfeasibleBudgetError
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


@pytest.mark.parametrize("bits", [2.5, 3.0, 4.0, 5.5])
def test_rivals_keep_the_bytes_and_the_groups(grouped: Sensitivities, bits: float) -> None:
    recipe = allocate(grouped, Budget(average_bits=bits)).recipe
    stored = Uniforms.like(grouped, recipe).bytes_of
    for rival in (greedy_by_score(grouped, recipe), random_mix(grouped, recipe, seed=1)):
        assert stored(rival) <= stored(recipe)
        shared = {rival.layers[x.name] for x in grouped.layers if x.group == "shared"}
        assert len(shared) == 1
    assert random_mix(grouped, recipe, 1) == random_mix(grouped, recipe, 1)


def test_greedy_narrows_the_least_sensitive_first(weights: Sensitivities) -> None:
    recipe = allocate(weights, Budget(average_bits=7)).recipe
    rival = greedy_by_score(weights, recipe)
    narrowed = {x for x, config in rival.layers.items() if config.weight and config.weight.bits < 8}
    at_6 = {p.layer: p.divergence for p in weights.points if p.bits == 6}
    assert narrowed
    assert max(at_6[x] for x in narrowed) <= min(
        (value for layer, value in at_6.items() if layer not in narrowed), default=1.0
    )


def test_a_recipe_below_every_width_has_no_rivals() -> None:
    result = make_sensitivities()
    recipe = allocate(result, Budget(average_bits=2)).recipe
    fewer = make_sensitivities(bits=(4, 8))
    with pytest.raises(InfeasibleBudgetError):
        greedy_by_score(fewer, recipe)
