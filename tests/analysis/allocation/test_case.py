"""Every constraint against all recipes of a small sweep."""

from collections.abc import Callable

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.constraints import ChangeCost, Constraints, Forbidden
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig
from tests.analysis.allocation.every import Tried, bits, changes, every, regrouped, split
from tests.profiles import TIMED
from tests.sensitivities import make_sensitivities


def _best(tried: list[Tried], keeps: Callable[[Tried], bool]) -> float:
    return min((t.divergence for t in tried if keeps(t)), default=float("nan"))


def _middle(values: list[float]) -> float:
    return sorted(values)[len(values) // 3]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("most", [1, 2, 3])
def test_at_most_so_many_widths(seed: int, most: int) -> None:
    result = make_sensitivities(layers=5, bits=(2, 3, 4, 8), seed=seed)
    limit = 70_000
    best = _best(every(result), lambda t: t.stored <= limit and len(t.figures.widths) <= most)
    choice = allocate(result, Budget(weight_bytes=limit), constraints=Constraints(max_widths=most))
    assert choice.predicted.divergence == pytest.approx(best, rel=2e-6)
    assert len(set(bits(choice.recipe))) <= most


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cost", [500, 4_000, 20_000])
def test_changes_of_precision_cost_bytes(seed: int, cost: int) -> None:
    result = make_sensitivities(layers=5, bits=(2, 3, 4, 8), seed=seed)
    limit = 80_000
    best = _best(every(result), lambda t: t.stored + cost * changes(t.choice.recipe) <= limit)
    paid = Constraints(precision_change_cost=ChangeCost(weight_bytes=cost))
    choice = allocate(result, Budget(weight_bytes=limit), constraints=paid)
    assert choice.predicted.divergence == pytest.approx(best, rel=2e-6)
    assert choice.hardware is not None
    assert choice.hardware.precision_changes == changes(choice.recipe)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("target", ["weight", "both"])
def test_time_with_the_changes_of_the_table_and_of_the_constraint(seed: int, target: str) -> None:
    result = make_sensitivities(layers=3, bits=(2, 4, 8), target=target, seed=seed)  # type: ignore[arg-type]
    tried = every(result, TIMED, change_ms=0.05)
    limit = _middle([t.figures.latency_ms or 0.0 for t in tried])
    best = _best(tried, lambda t: (t.figures.latency_ms or 0.0) <= limit)
    paid = Constraints(precision_change_cost=ChangeCost(latency_ms=0.05))
    choice = allocate(result, Budget(latency_ms=limit), profile=TIMED, constraints=paid)
    assert choice.predicted.divergence == pytest.approx(best, rel=2e-6)
    assert choice.hardware is not None
    assert choice.hardware.latency_ms is not None
    assert choice.hardware.latency_ms <= limit


@pytest.mark.parametrize("seed", range(3))
def test_energy_and_activation_memory(seed: int) -> None:
    result = make_sensitivities(layers=4, bits=(2, 8), target="both", seed=seed)
    tried = every(result, TIMED)
    energy = _middle([t.figures.energy_uj or 0.0 for t in tried])
    peak = sorted({t.figures.peak_activation_bytes for t in tried})[1]

    def keeps(t: Tried) -> bool:
        return (t.figures.energy_uj or 0.0) <= energy and t.figures.peak_activation_bytes <= peak

    budget = Budget(energy_uj=energy, peak_activation_bytes=peak)
    for solver in ("milp", "hull"):
        choice = allocate(result, budget, profile=TIMED, solver=solver)
        figures = choice.hardware
        assert figures is not None
        assert figures.energy_uj is not None
        assert figures.energy_uj <= energy
        assert figures.peak_activation_bytes <= peak
        if solver == "milp":
            assert choice.predicted.divergence == pytest.approx(_best(tried, keeps), rel=2e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bops", [False, True])
def test_inputs_that_belong_together_take_one_spec(seed: int, bops: bool) -> None:
    made = make_sensitivities(layers=4, bits=(2, 8), target="both", seed=seed)
    result = regrouped(made, inputs={0: "a", 2: "a", 1: "b", 3: "b"})
    tried = every(result)
    limit = _middle([float(t.choice.cost.bops) for t in tried])
    stored = int(_middle([float(t.stored) for t in tried]))
    budget = Budget(weight_bytes=stored, bops=int(limit) if bops else None)
    best = _best(tried, lambda t: t.stored <= stored and (not bops or t.choice.cost.bops <= limit))
    choice = allocate(result, budget)
    assert choice.predicted.divergence == pytest.approx(best, rel=2e-6)
    assert not split(result, choice.recipe)
    walked = allocate(result, budget, solver="hull")
    assert not split(result, walked.recipe)
    assert walked.cost.weight_bytes <= stored
    assert walked.predicted.divergence >= best * (1 - 2e-6)


@pytest.mark.parametrize("seed", range(2))
def test_everything_at_once(seed: int) -> None:
    made = make_sensitivities(layers=4, bits=(2, 8), target="both", seed=seed)
    result = regrouped(made, inputs={1: "a", 2: "a"})
    tried = every(result, TIMED, change_ms=0.02)
    stored = int(_middle([float(t.stored) for t in tried])) + 20_000
    limit = _middle([t.figures.latency_ms or 0.0 for t in tried]) * 1.2
    rules = Constraints(
        pinned={"stem": LayerConfig(WEIGHT_SPEC.with_bits(8), ACTIVATION_SPEC.with_bits(2))},
        forbidden=(Forbidden("Linear", (2,)),),
        max_widths=2,
        precision_change_cost=ChangeCost(weight_bytes=300, latency_ms=0.02),
    )

    def keeps(t: Tried) -> bool:
        layers = t.choice.recipe.layers
        return (
            t.stored + 300 * changes(t.choice.recipe) <= stored
            and (t.figures.latency_ms or 0.0) <= limit
            and layers["stem"] == rules.pinned["stem"]
            and bits(t.choice.recipe)[-1] != 2
            and len(t.figures.widths) <= 2
        )

    budget = Budget(weight_bytes=stored, latency_ms=limit)
    choice = allocate(result, budget, profile=TIMED, constraints=rules)
    assert choice.predicted.divergence == pytest.approx(_best(tried, keeps), rel=2e-6)
    assert any(map(keeps, [t for t in tried if t.choice.recipe.layers == choice.recipe.layers]))
