"""Decisions on real small nets, end to end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.average import bytes_at
from analysis.allocation.budget import Budget
from analysis.cost import recipe_cost
from analysis.decide import EVALUATIONS, Deciding, decide
from analysis.decision.trials import Simulator, Trials
from analysis.errors import InfeasibleBudgetError, RecipeMismatchError
from analysis.quant.spec import WEIGHT_SPEC
from analysis.recipe import LayerConfig
from analysis.sensitivity.interactions import Interactions, interactions_of
from analysis.sensitivity.points import CellSamples, Sensitivities, Targets
from analysis.sensitivity.sweep import sweep
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.nets import make_workload

BITS = (2, 3, 8)


@dataclass(frozen=True)
class Swept:
    workload: Workload
    result: Sensitivities
    interactions: Interactions | None
    rows: Sequence[CellSamples]


def swept(name: str, target: Targets = "weight", samples: int = 48) -> Swept:
    workload = make_workload(name, samples=samples)
    work = sweep(workload, bits=BITS, target=target)
    pairs = list(work.measurements())
    rows = [row for row, _ in pairs]
    points = {point.cell: point for _, point in pairs}
    result = Sensitivities.assemble(work.setup, points.values(), work.cost)
    return Swept(workload, result, interactions_of(work.setup.cells, rows), rows)


@pytest.fixture(scope="module")
def branched() -> Swept:
    return swept("branched")


def test_a_decision_keeps_the_budget(branched: Swept) -> None:
    budget = Budget(average_bits=3)
    found = decide(
        branched.workload, branched.result, branched.interactions, budget, rows=branched.rows
    )
    limit = bytes_at(branched.result, 3)
    assert all(candidate.cost.weight_bytes <= limit for candidate in found.candidates)
    assert all(rival.cost.weight_bytes <= limit for rival in found.baselines[:1])
    additive = found.candidates[0]
    assert additive.origin == "additive"
    assert additive.recipe.layers == allocate(branched.result, budget).recipe.layers
    assert additive.measured is not None
    assert additive.validation is not None
    measured = found.choice.measured
    assert measured is not None
    assert measured.divergence <= additive.measured.divergence * 1.5
    assert 1 < found.evaluations <= EVALUATIONS
    names = [rival.recipe.name for rival in found.baselines]
    assert names[-2:] == ["greedy by score", "random mix"]
    assert found.verdict is not None


def test_the_best_of_all_recipes_is_found(branched: Swept) -> None:
    """Everything is tried by brute force on both sets; validation is ruled out by one part."""
    budget = Budget(average_bits=2.6)
    found = decide(
        branched.workload, branched.result, branched.interactions, budget, rows=branched.rows
    )
    limit = bytes_at(branched.result, 2.6)
    made = subject(branched.workload)
    simulator = Simulator(made)
    sets = [Trials.of(simulator, part) for part in (made.parts.sweep, made.parts.calibration)]
    samples = sum(trials.samples for trials in sets)
    means = []
    for widths in product(BITS, repeat=len(made.layers)):
        named = zip([layer.name for layer in made.layers], widths, strict=True)
        layers = {name: LayerConfig(WEIGHT_SPEC.with_bits(bits)) for name, bits in named}
        recipe = replace(found.choice.recipe, layers=layers)
        if recipe_cost(made.layers, recipe, other_bytes=0).weight_bytes <= limit:
            means.append(sum(trials.divergence(recipe).sum() for trials in sets) / samples)
    ours = sum(trials.divergence(found.choice.recipe).sum() for trials in sets) / samples
    assert len(means) > 20
    assert ours <= 1.1 * min(means)


def test_the_same_call_gives_the_same_decision(branched: Swept) -> None:
    first, second = (
        decide(
            branched.workload,
            branched.result,
            branched.interactions,
            Budget(average_bits=4),
            rows=branched.rows,
            seed=3,
        )
        for _ in range(2)
    )
    assert first == second


def test_steps_tell_how_far_it_is(branched: Swept) -> None:
    work = Deciding(
        branched.workload, branched.result, branched.interactions, Budget(average_bits=3)
    )
    steps = list(work)
    assert steps[0].doing == "running the float model"
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert all(step.done <= step.total for step in steps)
    assert any(step.doing.startswith("racing") for step in steps)


def test_a_largest_loss_is_kept_by_measurement(branched: Swept) -> None:
    found = decide(branched.workload, branched.result, branched.interactions, Budget(max_drop=0.1))
    assert found.calibration is not None
    assert len(found.calibration.points) == 8
    measured = found.choice.measured
    assert measured is not None
    assert measured.drop is not None
    assert measured.drop <= 0.1
    assert found.choice.cost.weight_bytes < bytes_at(branched.result, 8)


def test_inputs_are_decided_together_with_weights() -> None:
    given = swept("depthwise", target="both")
    budget = Budget(average_bits=4, bops=sum(layer.macs for layer in given.result.layers) * 20)
    found = decide(given.workload, given.result, given.interactions, budget, rows=given.rows)
    assert budget.bops is not None
    assert all(candidate.cost.bops <= budget.bops for candidate in found.candidates)
    assert any(config.activation for config in found.choice.recipe.layers.values())


def test_locks_hold(branched: Swept) -> None:
    first = branched.result.layers[0].name
    config = LayerConfig(WEIGHT_SPEC.with_bits(2))
    found = decide(
        branched.workload,
        branched.result,
        branched.interactions,
        Budget(average_bits=4),
        locked={first: config},
    )
    assert all(candidate.recipe.layers[first] == config for candidate in found.candidates)


def test_without_interactions_or_labels_it_is_the_sum_polished() -> None:
    given = swept("encoder")
    workload = replace(given.workload, metric=None)
    found = decide(workload, given.result, None, Budget(average_bits=3))
    origins = {candidate.origin for candidate in found.candidates}
    assert origins <= {"additive", "uniform", "greedy", "polished"}
    assert found.choice.measured is not None
    assert found.choice.measured.drop is None


def test_limits_that_cannot_be_kept_are_refused(branched: Swept) -> None:
    with pytest.raises(InfeasibleBudgetError, match="smallest"):
        decide(branched.workload, branched.result, None, Budget(weight_bytes=10))
    with pytest.raises(InfeasibleBudgetError, match="at most 0"):
        decide(branched.workload, branched.result, None, Budget(max_drop=0, weight_bytes=600))


def test_a_sweep_of_another_model_is_refused(branched: Swept) -> None:
    other = make_workload("branched", seed=1)
    with pytest.raises(RecipeMismatchError):
        decide(other, branched.result, None, Budget(average_bits=3))
