import pytest

from analysis.hardware.rules import KindRule, Pair, SpecRule
from analysis.quant.spec import QuantSpec


def _spec(label: str) -> QuantSpec:
    return QuantSpec.parse(label)


@pytest.mark.parametrize(
    ("rule", "label", "allowed"),
    [
        (SpecRule(), "int5 asym per-tensor minmax", True),
        (SpecRule(), "fixed8 per-tensor minmax", False),
        (SpecRule(), None, False),
        (SpecRule(format="float"), None, True),
        (SpecRule(format="float"), "int8 sym per-tensor minmax", False),
        (SpecRule(bits=(4, 8)), "int8 sym per-tensor mse", True),
        (SpecRule(bits=(4, 8)), "int6 sym per-tensor mse", False),
        (SpecRule(symmetric=True), "int8 asym per-tensor mse", False),
        (SpecRule(symmetric=False), "int8 asym per-tensor mse", True),
        (SpecRule(granularity=("per-channel",)), "int8 sym per-tensor minmax", False),
        (SpecRule(granularity=("per-channel",)), "int8 sym per-channel minmax", True),
        (SpecRule(granularity=("per-group",)), "int4 sym per-group-48 minmax", True),
        (
            SpecRule(granularity=("per-group",), group_sizes=(32, 64)),
            "int4 sym per-group-48 minmax",
            False,
        ),
        (
            SpecRule(granularity=("per-tensor", "per-group"), group_sizes=(32,)),
            "int4 sym per-tensor minmax",
            True,
        ),
        (SpecRule(format="fixed", bits=(4,)), "fixed4 per-tensor minmax", True),
        (SpecRule(format="fixed", bits=(4,)), "fixed8 per-tensor minmax", False),
        (SpecRule(format="fp8-e4m3"), "fp8-e4m3 per-channel minmax", True),
        (SpecRule(format="fp8-e4m3"), "fp8-e5m2 per-channel minmax", False),
    ],
)
def test_a_rule_takes_what_it_says(rule: SpecRule, label: str | None, allowed: bool) -> None:
    assert rule.allows(None if label is None else _spec(label)) == allowed


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (SpecRule(), "any int"),
        (SpecRule(format="float"), "float"),
        (SpecRule(bits=(4, 8), symmetric=True), "int4/8 sym"),
        (
            SpecRule(bits=(4,), granularity=("per-group",), group_sizes=(32, 64)),
            "int4 per-group-32/64",
        ),
        (
            SpecRule(format="fp8-e4m3", granularity=("per-channel", "per-tensor")),
            "fp8-e4m3 per-channel or per-tensor",
        ),
    ],
)
def test_a_rule_prints_as_words(rule: SpecRule, words: str) -> None:
    assert rule.words == words


def test_a_kind_rule_covers_its_kinds_or_all() -> None:
    pair = Pair(weight=SpecRule(), activation=SpecRule(format="float"))
    some, every = KindRule(kinds=("Linear",), pairs=(pair,)), KindRule(kinds=("*",), pairs=(pair,))
    assert [some.covers("Linear"), some.covers("Conv2d")] == [True, False]
    assert every.covers("Anything")
    assert some.words == "any int weights with float inputs"


def test_inputs_of_the_same_weights_are_told_together() -> None:
    weight = SpecRule(bits=(8,))
    pairs = tuple(Pair(weight=weight, activation=SpecRule(bits=(bits,))) for bits in (8, 16))
    assert KindRule(kinds=("*",), pairs=pairs).words == "int8 weights with int8 or int16 inputs"
