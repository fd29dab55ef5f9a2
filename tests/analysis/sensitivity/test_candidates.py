from dataclasses import replace

import pytest

from analysis.cost import weight_bits
from analysis.errors import OptionError
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.candidates import allowed_candidates, candidate_specs, widths_of
from analysis.workloads.discovery import find_layers
from tests.nets import make_workload

LAYER = replace(find_layers(make_workload("branched"))[0], bias=None)


def test_min_max_comes_first_and_no_candidate_twice() -> None:
    for bits in (2, 4, 16):
        specs = candidate_specs(bits)
        assert specs[0] == WEIGHT_SPEC.with_bits(bits)
        assert len(set(specs)) == len(specs)
        assert {spec.bits for spec in specs} == {bits}


def test_clip_levels_ranges_rounding_and_bias_correction_are_tried() -> None:
    labels = {spec.label.removeprefix("int3 asym per-channel ") for spec in candidate_specs(3)}
    assert {"minmax clip0.85", "minmax clip0.7", "minmax clip0.55", "mse", "msegain"} <= labels
    assert {"minmax gptq", "mse +bias", "minmax clip0.7 gptq +bias"} <= labels


def test_format_and_granularity_are_those_of_the_base() -> None:
    base = QuantSpec.parse("int8 sym per-group-16 minmax")
    assert all(spec.label.startswith("int4 sym per-group-16 ") for spec in candidate_specs(4, base))


@pytest.mark.parametrize(
    "label",
    [
        "int8 asym per-channel mse",
        "int8 asym per-channel minmax gptq",
        "int8 asym per-channel minmax +bias",
        "int8 asym per-channel minmax clip0.7",
        "int8 asym per-tensor entropy",
        "fp8-e4m3 per-channel percentile",
    ],
)
def test_a_base_that_settles_it_is_refused(label: str) -> None:
    with pytest.raises(OptionError, match=r"left open|take their range"):
        candidate_specs(8, QuantSpec.parse(label))


@pytest.mark.parametrize(
    ("label", "tried"),
    [
        ("fp8-e4m3 per-channel minmax", {"minmax gptq", "mse", "msegain +bias"}),
        ("fixed8 per-channel minmax", {"minmax clip0.85", "mse gptq"}),
        ("mxfp4-e2m1 per-group-32 minmax", {"minmax", "minmax gptq", "minmax +bias"}),
        ("ternary per-channel mean", {"mean", "mean gptq"}),
    ],
)
def test_any_format_has_the_candidates_that_it_allows(label: str, tried: set[str]) -> None:
    base = QuantSpec.parse(label)
    specs = candidate_specs(base.bits, base)
    assert specs[0] == base
    found = {spec.label.removeprefix(f"{base.kernel} ") for spec in specs}
    assert tried <= found
    assert {spec.kernel for spec in specs} == {base.kernel}


def test_inputs_take_any_range_that_one_calibration_pass_gives() -> None:
    base = QuantSpec.parse("int8 asym per-tensor minmax")
    specs = candidate_specs(4, base, "activation")
    assert [spec.range_method for spec in specs] == [
        "minmax",
        "moving",
        "percentile",
        "mse",
        "entropy",
    ]
    assert all(spec.bits == 4 for spec in specs)
    with pytest.raises(OptionError, match="per-tensor"):
        candidate_specs(4, WEIGHT_SPEC, "activation")


def test_a_format_of_one_width_is_swept_at_that_width_alone() -> None:
    assert widths_of(WEIGHT_SPEC, (2, 3)) == (2, 3)
    assert widths_of(QuantSpec.parse("nvfp4 per-group-16 minmax"), (2, 3)) == (4,)


def test_hard_clipping_is_not_tried_at_many_bits() -> None:
    assert {spec.clip for spec in candidate_specs(4)} == {1.0, 0.85, 0.7, 0.55}
    assert {spec.clip for spec in candidate_specs(5)} == {1.0, 0.85}


def test_no_candidate_costs_more_than_min_max() -> None:
    for layer in (LAYER, replace(LAYER, bias="stem.bias")):
        specs = allowed_candidates([layer], frozenset(), 3, WEIGHT_SPEC)
        most = weight_bits(layer, specs[0])
        assert all(weight_bits(layer, spec) <= most for spec in specs)
        assert any(spec.bias_correction for spec in specs) == (layer.bias is not None)


def test_what_would_change_nothing_is_not_tried() -> None:
    specs = allowed_candidates([LAYER], frozenset({LAYER.name}), 3, WEIGHT_SPEC)
    assert not any(spec.needs_inputs for spec in specs)
    assert len(specs) == 6
