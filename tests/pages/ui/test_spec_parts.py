import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.quant.spec import QuantSpec
from pages.ui.spec_parts import (
    BIAS,
    FORMATS,
    GAIN,
    GRANULARITIES,
    ROUNDINGS,
    WIDTHS,
    Parts,
    corrections,
    granularities,
    input_spec,
    ranges,
    spec_of,
    widths,
)

ANY_RANGE = ("minmax", "percentile", "mse", "msegain", "mean", "clip 0.85")


@given(
    st.builds(
        Parts,
        st.sampled_from(FORMATS),
        st.sampled_from(WIDTHS),
        st.sampled_from(GRANULARITIES),
        st.sampled_from(ANY_RANGE),
        st.sampled_from(ROUNDINGS),
        st.sets(st.sampled_from((GAIN, BIAS))).map(tuple),
    )
)
def test_whatever_is_clicked_is_a_spec_that_keeps_the_format(parts):
    spec = spec_of(parts)
    assert QuantSpec.parse(spec.label) == spec
    again = Parts.of(spec)
    assert again.format == parts.format
    assert spec_of(again) == spec
    assert again.bits in widths(again)
    assert again.granularity in granularities(again)
    assert again.range in ranges(again)
    assert set(again.corrections) <= set(corrections(again))


@pytest.mark.parametrize(
    "label",
    [
        "int4 asym per-channel minmax",
        "int16 sym per-tensor mse gptq +bias",
        "fixed7 per-group-24 percentile",
        "int3 asym per-channel minmax clip0.9 +gain",
        "nvfp4 per-group-16 minmax",
        "binary per-channel mean",
    ],
)
def test_a_spec_of_a_link_survives_its_controls(label):
    assert spec_of(Parts.of(QuantSpec.parse(label))).label == label


@pytest.mark.parametrize(
    ("weights", "inputs"),
    [
        ("int4 sym per-channel minmax", "int4 sym per-tensor minmax"),
        ("int4 asym per-channel msegain gptq +bias", "int4 asym per-tensor mse"),
        ("fp8-e4m3 per-channel minmax", "fp8-e4m3 per-tensor minmax"),
    ],
)
def test_inputs_take_the_format_with_one_scale(weights, inputs):
    made = input_spec(QuantSpec.parse(weights))
    assert made is not None and made.label == inputs


@pytest.mark.parametrize("label", ["mxfp4-e2m1 per-group-32 minmax", "ternary per-channel mean"])
def test_formats_that_inputs_do_not_come_in_have_none(label):
    assert input_spec(QuantSpec.parse(label)) is None
