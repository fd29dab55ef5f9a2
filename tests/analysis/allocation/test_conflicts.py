"""Each sentence for demands that contradict each other."""

import re
from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.constraints import ChangeCost, Constraints, Forbidden
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities
from tests.analysis.allocation.every import regrouped
from tests.profiles import TIMED
from tests.sensitivities import make_sensitivities


def _pin(bits: int) -> LayerConfig:
    return LayerConfig(WEIGHT_SPEC.with_bits(bits))


def _refusal(result: Sensitivities, budget: Budget, **terms: object) -> str:
    with pytest.raises(InfeasibleBudgetError) as caught:
        allocate(result, budget, **terms)  # type: ignore[arg-type]
    return str(caught.value)


@pytest.fixture
def small() -> Sensitivities:
    return make_sensitivities(layers=5, bits=(2, 3, 4, 8))


def test_pins_and_a_limit_name_the_pins_and_what_would_do(small: Sensitivities) -> None:
    least = allocate(small, Budget(max_drop=0.9)).cost.weight_bytes
    heavy = small.layers[3].name
    text = _refusal(small, Budget(weight_bytes=least), locked={heavy: _pin(8)})
    assert text.startswith(
        f"No recipe with the pinned layers ({heavy}) keeps within {least:,} bytes of weights; "
    )
    found = re.search(r"smallest that can be met is ([0-9,]+) bytes", text)
    assert found is not None
    named = int(found[1].replace(",", ""))
    smallest = allocate(small, Budget(weight_bytes=named), locked={heavy: _pin(8)})
    assert smallest.cost.weight_bytes == named


def test_of_many_demands_only_the_two_that_contradict_each_other_are_named(
    small: Sensitivities,
) -> None:
    rules = Constraints(
        pinned={"stem": _pin(8), "head": _pin(3)},
        forbidden=(Forbidden("head", (2,)),),
        max_widths=1,
    )
    text = _refusal(small, Budget(weight_bytes=10**9, bops=10**12), constraints=rules)
    assert text == (
        "No recipe respects the pinned layers (stem, head) and at most 1 width at once; "
        "lift one of the two."
    )


def test_two_limits_of_four_are_named(small: Sensitivities) -> None:
    stored = int(allocate(small, Budget(max_drop=0.02)).cost.weight_bytes * 0.95)
    budget = Budget(weight_bytes=stored, max_drop=0.02, bops=10**12, peak_activation_bytes=10**9)
    text = _refusal(small, budget)
    assert f"{stored:,} bytes of weights and a predicted loss of 0.02 at once" in text
    assert "BOPs" not in text
    assert "activations" not in text


def test_forbidden_widths_and_a_limit(small: Sensitivities) -> None:
    text = _refusal(
        small,
        Budget(average_bits=2.5),
        constraints=Constraints(forbidden=(Forbidden("Conv2d", (2, 3)),)),
    )
    assert text.startswith("No recipe with the forbidden widths (of Conv2d) keeps within 2.5 bits")
    assert re.search(r"smallest that can be met is [34][0-9.]* bits on average", text)


def test_a_profile_and_a_limit(small: Sensitivities) -> None:
    narrow = replace(
        TIMED,
        latency=None,
        allowed=(
            replace(
                TIMED.allowed[0],
                pairs=tuple(
                    replace(pair, weight=replace(pair.weight, bits=(8,)))
                    for pair in TIMED.allowed[0].pairs
                    if pair.weight.format == "int"
                ),
            ),
        ),
    )
    text = _refusal(small, Budget(average_bits=4), profile=narrow)
    assert text.startswith("No recipe with the options of Timed keeps within 4 bits on average")


def test_changes_that_cost_bytes_and_a_limit(small: Sensitivities) -> None:
    paid = Constraints(
        pinned={small.layers[2].name: _pin(8)},
        precision_change_cost=ChangeCost(weight_bytes=5_000),
    )
    limit = allocate(small, Budget(max_drop=0.9), locked=paid.pinned).cost.weight_bytes
    text = _refusal(small, Budget(weight_bytes=limit), constraints=paid)
    found = re.search(r"smallest that can be met is ([0-9,]+) bytes", text)
    assert found is not None
    named = int(found[1].replace(",", ""))
    assert named > limit
    choice = allocate(small, Budget(weight_bytes=named), constraints=paid)
    assert choice.hardware is not None
    assert choice.cost.weight_bytes + 5_000 * choice.hardware.precision_changes == named


@pytest.mark.parametrize(
    ("budget", "unit"),
    [
        (Budget(latency_ms=1e-6), "ms"),
        (Budget(energy_uj=1e-6), "µJ"),
        (Budget(peak_activation_bytes=5), "bytes of activations"),
    ],
)
def test_the_smallest_hardware_limit_named_can_be_met(budget: Budget, unit: str) -> None:
    result = make_sensitivities(layers=4, bits=(2, 8), target="both")
    found = re.search(rf"met is ([0-9.,e+-]+) {unit}", _refusal(result, budget, profile=TIMED))
    assert found is not None
    value = float(found[1].replace(",", ""))
    (field,) = [name for name in budget.__slots__ if getattr(budget, name) is not None]
    given = int(value) if unit.startswith("bytes") else value
    allocate(result, Budget(**{field: given}), profile=TIMED)  # type: ignore[arg-type]
    with pytest.raises(InfeasibleBudgetError):
        below = given - 1 if unit.startswith("bytes") else given * 0.99
        allocate(result, Budget(**{field: below}), profile=TIMED)  # type: ignore[arg-type]


def test_pins_that_break_an_input_group() -> None:
    result = regrouped(
        make_sensitivities(layers=4, bits=(2, 8), target="both"), inputs={0: "a", 2: "a"}
    )
    first, second = result.layers[0].name, result.layers[2].name
    pins = {
        first: LayerConfig(WEIGHT_SPEC, ACTIVATION_SPEC.with_bits(8)),
        second: LayerConfig(WEIGHT_SPEC, ACTIVATION_SPEC.with_bits(2)),
    }
    with pytest.raises(OptionError) as caught:
        allocate(result, Budget(average_bits=8), locked=pins)
    assert str(caught.value) == (
        f"The inputs of {first!r} and {second!r} belong together (a residual add, a concatenation "
        "or one tensor) and take one spec, but they are pinned to int8 asym per-tensor and "
        "int2 asym per-tensor; pin them alike, or take them apart."
    )


def test_a_pin_takes_the_linked_inputs_with_it() -> None:
    result = regrouped(
        make_sensitivities(layers=4, bits=(2, 8), target="both"), inputs={0: "a", 2: "a"}
    )
    locked = {result.layers[0].name: LayerConfig(WEIGHT_SPEC)}
    recipe = allocate(result, Budget(average_bits=8), locked=locked).recipe
    inputs = [config.activation for config in recipe.layers.values()]
    assert inputs[0] is None
    assert inputs[2] is None
    assert inputs[1] is not None


def test_linked_inputs_without_a_common_spec() -> None:
    result = regrouped(
        make_sensitivities(layers=4, bits=(2, 8), target="both"), inputs={0: "a", 2: "a"}
    )
    kept = {(result.layers[0].name, 2), (result.layers[2].name, 8)}
    points = tuple(
        p
        for p in result.points
        if p.target == "weight"
        or p.layer not in {name for name, _ in kept}
        or (p.layer, p.bits) in kept
    )
    with pytest.raises(OptionError, match="no measured spec is left for both"):
        allocate(replace(result, points=points), Budget(average_bits=8))


def test_a_layer_locked_one_way_and_pinned_another(small: Sensitivities) -> None:
    with pytest.raises(OptionError, match="'stem' is locked one way and pinned another"):
        allocate(
            small,
            Budget(average_bits=4),
            locked={"stem": _pin(8)},
            constraints=Constraints(pinned={"stem": _pin(4)}),
        )


@pytest.mark.parametrize(
    ("cost", "limit", "words"),
    [
        (ChangeCost(latency_ms=1.0), Budget(average_bits=4), "milliseconds counts against"),
        (ChangeCost(weight_bytes=1), Budget(bops=10**12), "bytes counts against"),
    ],
)
def test_a_cost_of_changes_that_nothing_limits(
    small: Sensitivities, cost: ChangeCost, limit: Budget, words: str
) -> None:
    with pytest.raises(OptionError, match=words):
        allocate(small, limit, constraints=Constraints(precision_change_cost=cost))


@pytest.mark.parametrize(
    "rules",
    [Constraints(max_widths=2), Constraints(precision_change_cost=ChangeCost(weight_bytes=9))],
)
def test_the_hull_says_what_it_does_not_know(small: Sensitivities, rules: Constraints) -> None:
    with pytest.raises(OptionError, match=r"'hull' knows limits, pins and forbidden widths, not"):
        allocate(small, Budget(average_bits=4), solver="hull", constraints=rules)


def test_every_width_of_a_layer_forbidden(small: Sensitivities) -> None:
    rules = Constraints(forbidden=(Forbidden("stem", (2, 3, 4, 8)),))
    with pytest.raises(OptionError, match=r"all widths of 'stem' are forbidden \(for stem\)"):
        allocate(small, Budget(average_bits=4), constraints=rules)


def test_a_pin_to_a_forbidden_width(small: Sensitivities) -> None:
    rules = Constraints(forbidden=(Forbidden("Conv2d", (8,)),))
    with pytest.raises(OptionError, match="the width it is pinned to of 'stem' are forbidden"):
        allocate(small, Budget(average_bits=4), locked={"stem": _pin(8)}, constraints=rules)
