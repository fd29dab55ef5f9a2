import re
from dataclasses import replace
from itertools import product
from math import inf

import pytest

from analysis.allocation.allocate import Solver, allocate
from analysis.allocation.average import bytes_at
from analysis.allocation.budget import Budget
from analysis.allocation.options import decision_groups, recipe_of
from analysis.allocation.predict import to_choice
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities

SOLVERS: tuple[Solver, ...] = ("milp", "hull")


def _bits(recipe: Recipe) -> list[int]:
    return [config.weight.bits for config in recipe.layers.values() if config.weight]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("average", [2.2, 3.0, 4.5])
def test_the_exact_recipe_is_the_best_of_all(seed: int, average: float) -> None:
    result = make_sensitivities(layers=5, bits=(2, 3, 4, 8), seed=seed)
    groups = decision_groups(result, {})
    every = (
        to_choice(result, recipe_of(result, groups, picks, "any"))
        for picks in product(range(4), repeat=5)
    )
    limit = bytes_at(result, average)
    best = min(c.predicted.divergence for c in every if c.cost.weight_bytes <= limit)
    choice = allocate(result, Budget(average_bits=average))
    assert choice.predicted.divergence == pytest.approx(best, rel=2e-6)


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_limit_is_ever_exceeded(both: Sensitivities, solver: Solver) -> None:
    free = allocate(both, Budget(average_bits=8))
    for share in (0.3, 0.45, 0.7, 1.0):
        stored, bops = int(share * free.cost.weight_bytes), int(share * free.cost.bops)
        choice = allocate(both, Budget(weight_bytes=stored, bops=bops), solver=solver)
        assert choice.cost.weight_bytes <= stored
        assert choice.cost.bops <= bops


@pytest.mark.parametrize("seed", range(3))
def test_more_bytes_never_predict_more_divergence(seed: int) -> None:
    result = make_sensitivities(seed=seed)
    limits = range(41_000, 160_000, 12_345)
    found = [allocate(result, Budget(weight_bytes=n)).predicted.divergence for n in limits]
    for more, less in zip(found[1:], found[:-1], strict=True):
        assert more <= less * (1 + 2e-6)


def test_the_hull_is_never_better_than_the_exact_recipe(weights: Sensitivities) -> None:
    for average in (2.1, 2.5, 3.0, 3.7, 5.2):
        budget = Budget(average_bits=average)
        exact = allocate(weights, budget).predicted.divergence
        assert allocate(weights, budget, solver="hull").predicted.divergence >= exact * (1 - 1e-9)


def test_the_same_call_gives_the_same_recipe(weights: Sensitivities) -> None:
    budget = Budget(average_bits=3.3)
    assert allocate(weights, budget) == allocate(weights, budget)


@pytest.mark.parametrize("solver", SOLVERS)
def test_groups_are_never_split(grouped: Sensitivities, solver: Solver) -> None:
    for average in (2.3, 3.0, 3.9, 5.1):
        recipe = allocate(grouped, Budget(average_bits=average), solver=solver).recipe
        shared = {recipe.layers[layer.name] for layer in grouped.layers[1:4]}
        assert len(shared) == 1


@pytest.mark.parametrize("solver", SOLVERS)
def test_locks_are_kept(weights: Sensitivities, solver: Solver) -> None:
    locked = {"stem": LayerConfig(WEIGHT_SPEC.with_bits(2)), "head": LayerConfig()}
    recipe = allocate(weights, Budget(average_bits=4), locked=locked, solver=solver).recipe
    assert {name: recipe.layers[name] for name in locked} == locked
    assert None not in [recipe.layers[x.name].weight for x in weights.layers[1:-1]]


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_largest_drop_gives_the_smallest_recipe(weights: Sensitivities, solver: Solver) -> None:
    loose, tight = (
        allocate(weights, Budget(max_drop=drop), solver=solver) for drop in (0.05, 0.005)
    )
    assert loose.predicted.drop is not None
    assert loose.predicted.drop <= 0.05
    assert tight.predicted.drop is not None
    assert tight.predicted.drop <= 0.005
    assert loose.cost.weight_bytes < tight.cost.weight_bytes


@pytest.mark.parametrize("seed", range(4))
def test_no_smaller_recipe_keeps_the_largest_drop(seed: int) -> None:
    result = make_sensitivities(layers=5, bits=(2, 3, 4, 8), seed=seed)
    groups = decision_groups(result, {})
    every = [
        to_choice(result, recipe_of(result, groups, picks, "any"))
        for picks in product(range(4), repeat=5)
    ]
    small = [c for c in every if c.predicted.drop is not None and c.predicted.drop <= 0.03]
    choice = allocate(result, Budget(max_drop=0.03))
    stored = min(c.cost.weight_bytes for c in small)
    assert choice.cost.weight_bytes == stored
    equals = [c.predicted.divergence for c in small if c.cost.weight_bytes == stored]
    assert choice.predicted.divergence == pytest.approx(min(equals))


def test_where_only_activations_were_swept_a_largest_drop_saves_bops() -> None:
    result = make_sensitivities(layers=5, target="activation")
    loose = allocate(result, Budget(max_drop=0.05)).cost
    tight = allocate(result, Budget(max_drop=0.002)).cost
    assert loose.bops < tight.bops
    assert loose.weight_bytes == loose.float_bytes


def test_all_limits_hold_together(both: Sensitivities) -> None:
    free = allocate(both, Budget(average_bits=8))
    budget = Budget(average_bits=6.5, bops=int(free.cost.bops * 0.6), max_drop=0.05)
    choice = allocate(both, budget)
    assert choice.cost.weight_bytes <= bytes_at(both, 6.5)
    assert choice.cost.bops <= free.cost.bops * 0.6
    assert choice.predicted.drop is not None
    assert choice.predicted.drop <= 0.05


def test_a_recipe_is_named_and_belongs_to_its_model(weights: Sensitivities) -> None:
    recipe = allocate(weights, Budget(average_bits=4)).recipe
    assert (recipe.name, recipe.workload) == ("mixed", "made-up")
    assert recipe.fingerprint == weights.setup.fingerprint
    assert allocate(weights, Budget(average_bits=4), name="mine").recipe.name == "mine"


@pytest.mark.parametrize(
    ("budget", "unit"),
    [
        (Budget(weight_bytes=1_000), "([0-9,]+) bytes of weights"),
        (Budget(average_bits=2.05), "([0-9.]+) bits on average"),
        (Budget(bops=10), "([0-9,]+) BOPs"),
        (Budget(max_drop=0.0), "a predicted loss of ([0-9.e-]+)"),
    ],
)
def test_a_budget_too_small_names_the_smallest_that_can_be_met(budget: Budget, unit: str) -> None:
    result = make_sensitivities(bits=(3, 4))
    with pytest.raises(InfeasibleBudgetError) as caught:
        allocate(result, budget)
    found = re.search(f"the smallest that can be met is {unit}", str(caught.value))
    assert found is not None
    (field,) = [name for name in budget.__slots__ if getattr(budget, name) is not None]
    value = float(found[1].replace(",", ""))
    raised = Budget(**{field: int(value) if field in ("weight_bytes", "bops") else value})  # type: ignore[arg-type]
    smallest = allocate(result, raised)
    assert smallest.predicted.divergence > 0
    if field in ("weight_bytes", "bops"):
        assert value == getattr(smallest.cost, field)


def test_each_limit_that_cannot_be_met_is_named(weights: Sensitivities) -> None:
    with pytest.raises(InfeasibleBudgetError) as caught:
        allocate(weights, Budget(weight_bytes=5, bops=7))
    assert "within 5 bytes of weights and 7 BOPs; the smallest" in str(caught.value)
    assert re.search(r"is [0-9,]+ bytes of weights and [0-9,]+ BOPs", str(caught.value))


def test_locks_to_float_can_leave_no_average_at_all(weights: Sensitivities) -> None:
    locked = {layer.name: LayerConfig() for layer in weights.layers}
    with pytest.raises(InfeasibleBudgetError, match="is more than 16 bits on average"):
        allocate(weights, Budget(average_bits=4), locked=locked)


@pytest.mark.parametrize("solver", SOLVERS)
def test_limits_that_contradict_each_other_name_what_would_do(
    weights: Sensitivities, solver: Solver
) -> None:
    small = allocate(weights, Budget(max_drop=0.02)).cost.weight_bytes
    with pytest.raises(InfeasibleBudgetError) as caught:
        allocate(weights, Budget(weight_bytes=small - 10_000, max_drop=0.02), solver=solver)
    found = re.search(r"at once; .* is ([0-9,]+) bytes of weights", str(caught.value))
    assert found is not None
    named = int(found[1].replace(",", ""))
    assert named == small
    assert allocate(weights, Budget(weight_bytes=named, max_drop=0.02)).cost.weight_bytes == small


def test_a_largest_drop_needs_labels() -> None:
    with pytest.raises(OptionError, match="measured with the task metric, and this sweep has none"):
        allocate(make_sensitivities(metric=None), Budget(max_drop=0.01))


def test_a_width_that_overflows_is_never_chosen(weights: Sensitivities) -> None:
    points = tuple(replace(p, divergence=inf) if p.bits == 2 else p for p in weights.points)
    recipe = allocate(replace(weights, points=points), Budget(average_bits=3)).recipe
    assert set(_bits(recipe)) == {3}
