import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from analysis.errors import AnalysisError, OptionError
from analysis.quant.spec import (
    ACTIVATION_SPEC,
    FIXED_WIDTH_FORMATS,
    WEIGHT_SPEC,
    IntFormat,
    PerGroup,
    QuantSpec,
    check_activation_spec,
    check_weight_spec,
)
from tests.specs import SPECS


@given(SPECS)
def test_a_label_reads_back(spec: QuantSpec) -> None:
    assert QuantSpec.parse(spec.label) == spec


@given(SPECS)
def test_the_json_form_is_the_label(spec: QuantSpec) -> None:
    adapter = TypeAdapter(QuantSpec)
    assert adapter.dump_python(spec, mode="json") == spec.label
    assert adapter.validate_python(spec.label) == spec
    assert adapter.validate_python(spec) == spec


@given(st.text(max_size=60))
def test_any_other_text_is_refused_in_one_sentence(text: str) -> None:
    try:
        spec = QuantSpec.parse(text)
    except OptionError as error:
        assert str(error).endswith(".")
    else:
        assert QuantSpec.parse(spec.label) == spec


@pytest.mark.parametrize(
    "text",
    [
        "",
        "int4",
        "int4 asym per-channel",
        "int4 asym per-channel minmax nearest",
        "4 asym per-channel minmax",
        "int asym per-channel minmax",
        "int4 affine per-channel minmax",
        "int4 asym per-group minmax",
        "int4 asym per-group-x minmax",
        "int4 asym per-group-1 minmax",
        "int4 asym per-group-² minmax",
        "int4 asym per-row minmax",
        "int4 asym per-channel median",
        "int4 asym per-channel minmax gptq gptq",
        "int4 asym per-channel minmax clip",
        "int4 asym per-channel minmax clip0",
        "int4 asym per-channel minmax clip1.2",
        "int4 asym per-channel minmax clip0.855",
        "int4 asym per-channel mse clip0.85",
        "int4 asym per-channel minmax clipnan",
        "int4 asym per-channel msegain +gain",
        "int4 asym per-channel mean",
        "int4 asym per-tensor dynamic +bias",
        "int4 asym per-tensor moving gptq",
        "fixed4 per-channel minmax +gain",
        "fixed4 per-channel msegain",
        "fixed1 per-channel minmax",
        "fp8-e3m4 per-channel minmax",
        "ternary per-channel minmax",
        "mxfp4-e2m1 per-channel minmax",
        "mxfp4-e2m1 per-group-16 minmax",
        "mxfp4-e2m1 per-group-32 mse",
        "mxfp4-e2m1 per-group-32 minmax clip0.7",
        "nvfp4 per-group-16 minmax +gain",
        "int1 asym per-channel minmax",
        "int17 asym per-channel minmax",
        "int-4 asym per-channel minmax",
    ],
)
def test_a_text_that_is_no_spec_is_an_option_error(text: str) -> None:
    with pytest.raises(OptionError):
        QuantSpec.parse(text)
    with pytest.raises(ValidationError):
        TypeAdapter(QuantSpec).validate_python(text)


@pytest.mark.parametrize(
    ("fmt", "codes"),
    [
        (IntFormat(2), (0, 3)),
        (IntFormat(8), (0, 255)),
        (IntFormat(2, symmetric=True), (-1, 1)),
        (IntFormat(8, symmetric=True), (-127, 127)),
        (IntFormat(16, symmetric=True), (-32767, 32767)),
    ],
    ids=lambda value: value.label if isinstance(value, IntFormat) else "",
)
def test_codes_span_what_the_format_says(fmt: IntFormat, codes: tuple[int, int]) -> None:
    assert (fmt.qmin, fmt.qmax) == codes


@pytest.mark.parametrize("bits", [-1, 0, 1, 17, 32])
def test_bits_outside_2_to_16_are_refused(bits: int) -> None:
    with pytest.raises(OptionError, match=f"between 2 and 16, not {bits};"):
        IntFormat(bits)
    with pytest.raises(OptionError):
        WEIGHT_SPEC.with_bits(bits)


@given(SPECS, st.integers(2, 16))
def test_with_bits_changes_the_bits_alone(spec: QuantSpec, bits: int) -> None:
    if spec.format in FIXED_WIDTH_FORMATS and bits != spec.bits:
        with pytest.raises(OptionError, match="always has"):
            spec.with_bits(bits)
        return
    changed = spec.with_bits(bits)
    assert changed.bits == bits
    assert changed.with_bits(spec.bits) == spec


@pytest.mark.parametrize(
    "label",
    [
        "int4 asym per-channel minmax",
        "int3 sym per-tensor percentile",
        "int16 asym per-group-32 mse",
        "int3 asym per-channel minmax clip0.85 gptq +gain +bias",
        "int2 asym per-channel msegain gptq",
        "fixed8 per-tensor minmax",
        "fp8-e4m3 per-channel mse",
        "nf4 per-group-64 minmax",
        "ternary per-channel mean gptq",
        "binary per-channel mean",
        "mxint8 per-group-32 minmax",
        "mxfp6-e3m2 per-group-32 minmax +bias",
        "nvfp4 per-group-16 minmax gptq",
        "int8 asym per-tensor dynamic",
    ],
)
def test_labels_print_as_they_were_read(label: str) -> None:
    assert QuantSpec.parse(label).label == label


def test_the_words_after_the_range_may_stand_in_any_order() -> None:
    label = "int3 asym per-channel minmax +bias +gain gptq clip0.7"
    assert QuantSpec.parse(label).label == "int3 asym per-channel minmax clip0.7 gptq +gain +bias"


@pytest.mark.parametrize("method", ["moving", "entropy", "dynamic"])
def test_weights_take_no_range_of_activations(method: str) -> None:
    spec = QuantSpec.parse(f"int8 asym per-tensor {method}")
    check_activation_spec(spec)
    with pytest.raises(OptionError, match="Weights take"):
        check_weight_spec(spec)


@pytest.mark.parametrize(
    "label",
    [
        "int8 asym per-channel minmax",
        "int8 asym per-tensor msegain",
        "int8 asym per-tensor minmax gptq",
        "int8 asym per-tensor minmax clip0.5",
        "int8 asym per-tensor mse +bias",
        "binary per-tensor mean",
        "fp4-e2m1 per-group-32 minmax",
    ],
)
def test_activations_take_no_spec_of_weights(label: str) -> None:
    check_weight_spec(QuantSpec.parse(label))
    with pytest.raises(OptionError, match="Activations take"):
        check_activation_spec(QuantSpec.parse(label))


@pytest.mark.parametrize(
    ("label", "needs"),
    [("minmax", False), ("minmax +gain", False), ("minmax gptq", True), ("minmax +bias", True)],
)
def test_only_gptq_and_bias_correction_look_at_the_inputs(label: str, needs: bool) -> None:
    assert QuantSpec.parse(f"int4 asym per-channel {label}").needs_inputs is needs


@pytest.mark.parametrize("size", [1, 0, -3])
def test_a_group_of_fewer_than_two_weights_is_refused(size: int) -> None:
    with pytest.raises(AnalysisError, match=f"at least 2 weights, not {size}"):
        PerGroup(size)


def test_the_defaults_read_as_written() -> None:
    assert WEIGHT_SPEC.label == "int8 asym per-channel minmax"
    assert ACTIVATION_SPEC.label == "int8 asym per-tensor mse"
