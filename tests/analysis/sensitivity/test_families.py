from itertools import pairwise

import pytest

from analysis.cli.schemes import read_schemes
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.families import (
    ACTIVATION_FAMILIES,
    WEIGHT_FAMILIES,
    families_of,
    scheme_words,
)

GROUPED = QuantSpec.parse("int8 sym per-group-16 minmax")


def test_the_usual_families_are_grids_with_and_without_a_zero_point() -> None:
    assert [base.label for base in WEIGHT_FAMILIES] == [
        "int8 asym per-channel minmax",
        "int8 sym per-channel minmax",
    ]
    assert [base.format.symmetric for base in ACTIVATION_FAMILIES] == [False, True]


def test_the_family_of_a_spec_leaves_width_range_rounding_and_corrections_open() -> None:
    specs = ["int2 asym per-channel mse gptq +bias", "int4 asym per-channel minmax clip0.7"]
    assert families_of(map(QuantSpec.parse, specs)) == (WEIGHT_SPEC,)
    nvfp4 = QuantSpec.parse("nvfp4 per-group-16 minmax gptq")
    ternary = QuantSpec.parse("ternary per-channel mean +bias")
    labels = [base.label for base in families_of([nvfp4, ternary])]
    assert labels == ["nvfp4 per-group-16 minmax", "ternary per-channel mean"]


@pytest.mark.parametrize(
    ("scheme", "spec", "families"),
    [
        ("best", WEIGHT_SPEC, WEIGHT_FAMILIES),
        ("best", WEIGHT_SPEC, (GROUPED,)),
        ("fixed", QuantSpec.parse("int8 sym per-channel mse gptq"), ()),
        ("fixed", WEIGHT_SPEC, ()),
    ],
)
def test_the_words_of_a_command_line_ask_for_the_same_again(scheme, spec, families) -> None:
    words = list(scheme_words("weight", scheme, spec, families))
    labels = [word for option, word in pairwise(words) if "-spec" in option]
    named = words[1] if "--weights" in words else None
    read = read_schemes(named, labels, None, ())
    assert (read["weight_scheme"], read["weight_spec"]) == (scheme, spec)
    assert read["weight_families"] == families
