from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from analysis.errors import AnalysisError, OptionError
from analysis.quant.spec import (
    ACTIVATION_SPEC,
    WEIGHT_SPEC,
    IntFormat,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
    RangeMethod,
)

SPECS = st.builds(
    QuantSpec,
    st.builds(IntFormat, st.integers(2, 16), st.booleans()),
    st.one_of(
        st.just(PerTensor()),
        st.just(PerChannel()),
        st.builds(PerGroup, st.integers(2, 10**6)),
    ),
    st.sampled_from(get_args(RangeMethod)),
)


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
        "int4 asym per-channel entropy",
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
    changed = spec.with_bits(bits)
    assert changed.bits == bits
    assert changed.with_bits(spec.bits) == spec


@pytest.mark.parametrize("size", [1, 0, -3])
def test_a_group_of_fewer_than_two_weights_is_refused(size: int) -> None:
    with pytest.raises(AnalysisError, match=f"at least 2 weights, not {size}"):
        PerGroup(size)


def test_the_defaults_read_as_written() -> None:
    assert WEIGHT_SPEC.label == "int8 asym per-channel minmax"
    assert ACTIVATION_SPEC.label == "int8 asym per-tensor mse"
