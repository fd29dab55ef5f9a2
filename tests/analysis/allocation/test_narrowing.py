"""What a profile and forbidden widths leave, and the sentences when nothing is left."""

from dataclasses import replace

import pytest

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.constraints import Constraints, Forbidden
from analysis.allocation.frontier import frontier
from analysis.allocation.narrowing import Narrowing
from analysis.allocation.options import decision_groups
from analysis.allocation.recommend import recommend
from analysis.errors import OptionError
from analysis.hardware.catalogue import profile
from analysis.hardware.profile import HardwareProfile
from analysis.hardware.rules import KindRule, Pair, SpecRule
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities
from tests.analysis.allocation.every import bits
from tests.sensitivities import make_sensitivities


def _target(
    *pairs: tuple[tuple[int, ...], tuple[int, ...] | None], **fields: object
) -> HardwareProfile:
    """A profile that takes these weight widths with these input widths; None is float inputs."""
    rules = tuple(
        Pair(
            weight=SpecRule(bits=weights),
            activation=SpecRule(format="float") if inputs is None else SpecRule(bits=inputs),
        )
        for weights, inputs in pairs
    )
    base: dict[str, object] = {
        "name": "target",
        "title": "Target",
        "source": "made up",
        "date": "today",
        "allowed": (KindRule(kinds=("Conv2d", "Linear"), pairs=rules),),
    }
    return HardwareProfile(**{**base, **fields})  # type: ignore[arg-type]


def _kind(result: Sensitivities, place: int, kind: str) -> Sensitivities:
    layers = list(result.layers)
    layers[place] = replace(layers[place], kind=kind)
    return replace(result, setup=replace(result.setup, layers=tuple(layers)))


def test_only_what_the_kernels_take_together_is_left() -> None:
    result = make_sensitivities(layers=3, bits=(2, 4, 8), target="both")
    narrowing = Narrowing(_target(((8,), (8,)), ((2, 4), (4,))))
    for group in decision_groups(result, {}, narrowing):
        pairs = {
            (c.weight.bits, c.activation.bits)
            for option in group.options
            for c in option.configs
            if c.weight and c.activation
        }
        assert pairs == {(8, 8), (2, 4), (4, 4)}


def test_what_was_not_swept_is_left_open() -> None:
    result = make_sensitivities(layers=3, bits=(2, 4, 8))
    recipe = allocate(result, Budget(average_bits=8), profile=_target(((4, 8), (8,)))).recipe
    assert set(bits(recipe)) <= {4, 8}


def test_kinds_without_a_kernel_stay_in_float() -> None:
    result = _kind(make_sensitivities(layers=3, bits=(2, 8), target="both"), 1, "Odd")
    recipe = allocate(result, Budget(bops=10**12), profile=_target(((2, 8), (8,)))).recipe
    assert recipe.layers[result.layers[1].name] == LayerConfig()
    assert recipe.layers["stem"].weight is not None


def test_a_target_without_any_option_for_a_layer_says_what_it_takes() -> None:
    result = make_sensitivities(layers=3, bits=(2, 4, 8), target="both")
    with pytest.raises(OptionError) as caught:
        allocate(result, Budget(average_bits=8), profile=_target(((3, 5), (8,))))
    assert str(caught.value) == (
        "Target must have a kernel for 'stem' (Conv2d); it takes int3/5 weights with int8 inputs, "
        "and the layer was swept as int2/4/8 asym per-channel minmax weights with int2/4/8 asym "
        "per-tensor mse inputs; sweep with such specs, or choose another profile."
    )


def test_a_target_that_cannot_run_a_kind_at_all() -> None:
    result = _kind(make_sensitivities(layers=3, bits=(8,)), 1, "Odd")
    with pytest.raises(OptionError, match="it takes no Odd at all"):
        allocate(
            result,
            Budget(average_bits=8),
            profile=_target(((8,), (8,)), other_kinds_in_float=False),
        )


def test_a_pin_that_the_target_cannot_run() -> None:
    result = make_sensitivities(layers=3, bits=(2, 8))
    pins = {"head": LayerConfig(WEIGHT_SPEC.with_bits(2))}
    with pytest.raises(OptionError) as caught:
        allocate(result, Budget(average_bits=8), locked=pins, profile=_target(((8,), (8,))))
    assert str(caught.value).startswith("Target must have a kernel for 'head' (Linear); it takes")
    assert "the layer is pinned to int2 asym per-channel minmax weights" in str(caught.value)
    assert "pin it otherwise, or choose another profile" in str(caught.value)


def test_forbidden_widths_by_layer_by_kind_and_by_target() -> None:
    result = make_sensitivities(layers=4, bits=(2, 4, 8), target="both")
    rules = Constraints(
        forbidden=(
            Forbidden("stem", (2, 4)),
            Forbidden("Linear", (8,)),
            Forbidden("Conv2d", (8,), "activation"),
        )
    )
    layers = allocate(result, Budget(average_bits=8), constraints=rules).recipe.layers
    assert layers["stem"].weight == WEIGHT_SPEC.with_bits(8)
    assert layers["stem"].activation == ACTIVATION_SPEC.with_bits(4)
    assert layers["head"].weight == WEIGHT_SPEC.with_bits(4)
    assert layers["head"].activation == ACTIVATION_SPEC.with_bits(8)


def test_a_group_keeps_what_none_of_its_layers_forbids(grouped: Sensitivities) -> None:
    rules = Constraints(forbidden=(Forbidden(grouped.layers[2].name, (2, 3, 4, 5, 6)),))
    recipe = allocate(grouped, Budget(average_bits=5), constraints=rules).recipe
    assert bits(recipe)[1:4] == [8, 8, 8]


def test_the_frontier_and_the_recommendation_keep_to_the_target() -> None:
    result = make_sensitivities(layers=6)
    target = _target(((4, 8), (8,)))
    points = frontier(result, profile=target)
    assert {b for point in points for b in bits(point.recipe)} == {4, 8}
    assert set(bits(recommend(result, profile=target).recipe)) <= {4, 8}
    pinned = Constraints(pinned={"stem": LayerConfig(WEIGHT_SPEC.with_bits(3))})
    for point in frontier(result, constraints=pinned):
        assert bits(point.recipe)[0] == 3


def test_the_frontier_says_what_it_cannot_hold() -> None:
    with pytest.raises(OptionError, match="A frontier knows pins and forbidden widths, neither"):
        frontier(make_sensitivities(layers=3), constraints=Constraints(max_widths=2))


@pytest.mark.parametrize(
    ("limit", "name", "whose"),
    [("latency_ms", "time", "none is set"), ("energy_uj", "energy", "none is set")],
)
def test_limits_by_a_table_need_one(limit: str, name: str, whose: str) -> None:
    result = make_sensitivities(layers=3)
    with pytest.raises(OptionError, match=f"{limit} needs .* table of {name}, and {whose}"):
        allocate(result, Budget(**{limit: 1.0}))  # type: ignore[arg-type]
    with pytest.raises(OptionError, match=f"table of {name}, and 'target' has none"):
        allocate(result, Budget(**{limit: 1.0}), profile=_target(((2, 8), (8,))))  # type: ignore[arg-type]


def test_a_table_with_missing_rows_names_the_layer_and_the_widths() -> None:
    result = make_sensitivities(layers=3, bits=(3, 8), target="both")
    table = profile("onnxruntime-cpu").latency
    target = _target(((3, 8), (8,)), latency=table)
    with pytest.raises(OptionError) as caught:
        allocate(result, Budget(latency_ms=100.0), profile=target)
    assert str(caught.value).startswith(
        "The table of time must have a row for 3-bit weights with 8-bit inputs, which 'stem'"
    )
    rules = Constraints(forbidden=(Forbidden("Conv2d", (3,)), Forbidden("Linear", (3,))))
    choice = allocate(result, Budget(latency_ms=100.0), profile=target, constraints=rules)
    assert set(bits(choice.recipe)) == {8}
