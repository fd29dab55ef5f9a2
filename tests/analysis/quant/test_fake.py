from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import ModelError, OptionError
from analysis.quant.fake import (
    fake_quantize_tensor,
    fake_quantize_weight,
    fake_quantize_with,
    quantize_weight,
)
from analysis.quant.grouping import Grouping
from analysis.quant.qparams import QParams, weight_qparams
from analysis.quant.spec import (
    FIXED_WIDTH_FORMATS,
    CodebookFormat,
    FixedPointFormat,
    Granularity,
    IntFormat,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
)
from tests.specs import WEIGHT_SPECS

GRANULARITIES: list[Granularity] = [PerTensor(), PerChannel(), PerGroup(7)]
MENU = [
    QuantSpec(IntFormat(bits, symmetric), granularity, "minmax")
    for bits in (2, 4, 8)
    for symmetric in (False, True)
    for granularity in GRANULARITIES
]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def tensors(**bounds: Any) -> st.SearchStrategy[torch.Tensor]:
    numbers = st.floats(width=32, allow_nan=False, allow_infinity=False, **bounds)
    shape = st.tuples(st.integers(1, 4), st.integers(1, 9))
    return shape.flatmap(
        lambda size: st.lists(numbers, min_size=size[0] * size[1], max_size=size[0] * size[1]).map(
            lambda flat: torch.tensor(flat).reshape(size)
        )
    )


def squared_error(weight: torch.Tensor, spec: QuantSpec) -> float:
    return float((fake_quantize_weight(weight, spec, 0) - weight).double().square().sum())


def power_of_two(qparams: QParams) -> QParams:
    """With such scales torch's rounded reciprocal is exact, so it must agree to the bit."""
    return QParams(2.0 ** qparams.scale.log2().ceil(), qparams.zero_point)


@pytest.mark.parametrize("symmetric", [False, True], ids=["asym", "sym"])
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("axis", [0, 1])
def test_per_channel_is_torchs_operator(axis: int, bits: int, symmetric: bool) -> None:
    weight, fmt = normal(6, 5, 3, 3), IntFormat(bits, symmetric)
    spec = QuantSpec(fmt, PerChannel())
    qparams = power_of_two(weight_qparams(weight, spec, axis))
    expected = torch.fake_quantize_per_channel_affine(
        weight,
        qparams.scale.flatten(),
        qparams.zero_point.flatten(),
        axis,
        fmt.qmin,
        fmt.qmax,
    )
    assert torch.equal(fake_quantize_with(weight, qparams, spec, axis), expected)


@pytest.mark.parametrize("symmetric", [False, True], ids=["asym", "sym"])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_per_tensor_is_torchs_operator_away_from_ties(bits: int, symmetric: bool) -> None:
    fmt = IntFormat(bits, symmetric)
    weight = normal(4000) * 3.0
    spec = QuantSpec(fmt, PerTensor())
    qparams = weight_qparams(weight, spec, 0)
    expected = torch.fake_quantize_per_tensor_affine(
        weight, qparams.scale.item(), int(qparams.zero_point.item()), fmt.qmin, fmt.qmax
    )
    steps = weight.double() / qparams.scale.double().item()
    tie = (steps - steps.floor() - 0.5).abs() < 1e-4
    alone = QParams(qparams.scale.reshape(()), qparams.zero_point.reshape(()))
    for actual in (
        fake_quantize_weight(weight, spec, 0),
        fake_quantize_tensor(weight, alone, fmt),
    ):
        assert torch.equal(actual[~tie], expected[~tie])
    assert tie.float().mean() < 0.01


def test_activations_follow_the_definition_to_the_bit() -> None:
    fmt = IntFormat(4)
    qparams = QParams(torch.tensor(0.1), torch.tensor(5, dtype=torch.int32))
    x = torch.cat([normal(1000), torch.arange(-20.0, 20.0) * 0.05])
    codes = ((x / torch.tensor(0.1)).round() + 5).clamp(fmt.qmin, fmt.qmax)
    assert torch.equal(fake_quantize_tensor(x, qparams, fmt), (codes - 5) * torch.tensor(0.1))


@settings(deadline=None, max_examples=200)
@given(tensors(), WEIGHT_SPECS, st.integers(0, 1))
def test_any_finite_weight_gives_finite_values_of_its_shape_and_type(
    weight: torch.Tensor, spec: QuantSpec, axis: int
) -> None:
    actual = fake_quantize_weight(weight, spec, axis)
    assert actual.shape == weight.shape
    assert actual.dtype == weight.dtype
    assert actual.isfinite().all()
    if spec.format != CodebookFormat("binary"):
        assert (actual[weight == 0] == 0).all()


@settings(deadline=None, max_examples=100)
@given(tensors(min_value=-(2.0**60), max_value=2.0**60), WEIGHT_SPECS, st.integers(0, 1))
def test_quantising_twice_changes_nothing(weight: torch.Tensor, spec: QuantSpec, axis: int) -> None:
    if spec.gain_correction or spec.range_method == "msegain":
        return  # the gain goes into the scale, so the grid of the second time is another
    qparams = weight_qparams(weight, spec, axis)
    once = fake_quantize_with(weight, qparams, spec, axis)
    assert torch.equal(fake_quantize_with(once, qparams, spec, axis), once)


@settings(deadline=None, max_examples=100)
@given(tensors(), WEIGHT_SPECS, st.integers(0, 1))
def test_codes_stand_for_the_fake_quantised_values(
    weight: torch.Tensor, spec: QuantSpec, axis: int
) -> None:
    if not isinstance(spec.format, IntFormat | FixedPointFormat):
        with pytest.raises(OptionError, match="no integer codes"):
            quantize_weight(weight, spec, axis)
        return
    codes, qparams = quantize_weight(weight, spec, axis)
    assert codes.dtype == torch.int32
    assert codes.shape == weight.shape
    assert spec.format.qmin <= int(codes.min()) <= int(codes.max()) <= spec.format.qmax
    grouping = Grouping.of(weight, spec.granularity, axis)
    multiples = grouping.cut(codes) - grouping.spread(qparams.zero_point)
    values = grouping.join(multiples.float() * grouping.spread(qparams.scale))
    assert torch.equal(values, fake_quantize_with(weight, qparams, plain(spec), axis))


def plain(spec: QuantSpec) -> QuantSpec:
    """Without gain correction: that of msegain is off, since mse means the same grid."""
    method = "mse" if spec.range_method == "msegain" else spec.range_method
    return replace(spec, gain_correction=False, range_method=method)


@settings(max_examples=60)
@given(WEIGHT_SPECS)
def test_a_group_has_at_most_as_many_values_as_codes(spec: QuantSpec) -> None:
    weight = normal(5, 400)
    grouping = Grouping.of(weight, spec.granularity, 0)
    rows = grouping.cut(fake_quantize_weight(weight, spec, 0))
    for block in grouping.blocks(rows):
        for group in block:
            assert group.unique().numel() <= 2**spec.bits


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 1000), st.integers(2, 14), st.booleans())
def test_another_bit_never_hurts(seed: int, bits: int, symmetric: bool) -> None:
    weight = normal(4, 300, seed=seed)
    spec = QuantSpec(IntFormat(bits, symmetric), PerChannel(), "minmax")
    assert squared_error(weight, spec.with_bits(bits + 1)) <= 1.05 * squared_error(weight, spec)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("binary per-channel mean", "ternary per-channel mean"),
        ("ternary per-channel mean", "nf4 per-channel minmax"),
        ("fixed4 per-channel minmax", "fixed5 per-channel minmax"),
        ("fp4-e2m1 per-channel minmax", "fp6-e2m3 per-channel minmax"),
        ("fp6-e2m3 per-channel minmax", "fp8-e4m3 per-channel minmax"),
        ("mxfp4-e2m1 per-group-32 minmax", "mxfp6-e2m3 per-group-32 minmax"),
        ("mxfp6-e3m2 per-group-32 minmax", "mxfp8-e4m3 per-group-32 minmax"),
        ("mxfp8-e4m3 per-group-32 minmax", "mxint8 per-group-32 minmax"),
        ("mxfp4-e2m1 per-group-32 minmax", "nvfp4 per-group-16 minmax"),
    ],
)
def test_more_bits_and_finer_scales_help_a_normal_weight(narrow: str, wide: str) -> None:
    weight = normal(16, 640)
    assert squared_error(weight, QuantSpec.parse(wide)) < squared_error(
        weight, QuantSpec.parse(narrow)
    )


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 1000), st.integers(2, 8), st.booleans())
def test_finer_granularity_never_hurts(seed: int, bits: int, symmetric: bool) -> None:
    sizes = torch.linspace(0.5, 2.0, 8)[:, None]
    weight = normal(8, 600, seed=seed) * sizes
    errors = [
        squared_error(weight, QuantSpec(IntFormat(bits, symmetric), granularity))
        for granularity in (PerTensor(), PerChannel(), PerGroup(20))
    ]
    assert errors[1] <= 1.05 * errors[0]
    assert errors[2] <= 1.05 * errors[1]


CORRECTED = [
    QuantSpec.parse(f"{label} per-channel {rest}")
    for label in ("int3 asym", "fp8-e4m3", "fp4-e2m1", "nf4")
    for rest in ("minmax clip0.7", "msegain", "minmax +gain", "percentile gptq +gain")
]


@pytest.mark.parametrize("spec", [*MENU, *CORRECTED], ids=lambda spec: spec.label)
@pytest.mark.parametrize("value", [0.0, 0.3, -0.3, 3e38, 1e-45, -1e-39])
def test_a_constant_weight_comes_back_exactly(spec: QuantSpec, value: float) -> None:
    weight = torch.full((3, 10), value)
    assert torch.equal(fake_quantize_weight(weight, spec, 0), weight)


def test_a_constant_channel_comes_back_exactly_among_others() -> None:
    weight = normal(3, 10)
    weight[0], weight[1] = 0.0, -0.7
    actual = fake_quantize_weight(weight, QuantSpec.parse("int2 asym per-channel mse"), 0)
    assert torch.equal(actual[:2], weight[:2])


@pytest.mark.parametrize("spec", MENU, ids=lambda spec: spec.label)
@pytest.mark.parametrize("shape", [(), (1,), (7,), (1, 1), (2, 3, 1, 5)])
def test_weights_of_any_rank_are_quantised(spec: QuantSpec, shape: tuple[int, ...]) -> None:
    weight = torch.linspace(-1.0, 2.0, torch.Size(shape).numel()).reshape(shape)
    actual = fake_quantize_weight(weight, spec, 0)
    assert actual.shape == weight.shape
    assert (actual - weight).abs().max() <= 1.0


def test_a_vector_per_channel_has_a_scale_for_each_value() -> None:
    weight = normal(9)
    assert torch.equal(
        fake_quantize_weight(weight, QuantSpec(IntFormat(2), PerChannel()), 0), weight
    )


@pytest.mark.parametrize("granularity", GRANULARITIES, ids=str)
def test_the_channel_axis_of_a_transposed_convolution_is_respected(
    granularity: PerTensor | PerChannel | PerGroup,
) -> None:
    spec = QuantSpec(IntFormat(3), granularity)
    weight = normal(4, 6, 3, 3)
    swapped = fake_quantize_weight(weight.transpose(0, 1).contiguous(), spec, 0).transpose(0, 1)
    assert torch.equal(fake_quantize_weight(weight, spec, 1), swapped)


def test_groups_are_quantised_as_if_alone() -> None:
    weight = normal(3, 17)
    spec = QuantSpec(IntFormat(3), PerGroup(5))
    alone = QuantSpec(IntFormat(3), PerTensor())
    parts = [
        torch.cat([fake_quantize_weight(part, alone, 0) for part in row.split(5)]) for row in weight
    ]
    assert torch.equal(fake_quantize_weight(weight, spec, 0), torch.stack(parts))


@pytest.mark.parametrize("exponent", [-140, -126, 126])
@pytest.mark.parametrize("symmetric", [False, True], ids=["asym", "sym"])
def test_subnormal_and_huge_weights_keep_to_half_a_step(exponent: int, symmetric: bool) -> None:
    weight = torch.linspace(-1.0, 1.0, 37).double().mul(2.0**exponent).float().reshape(1, -1)
    spec = QuantSpec(IntFormat(4, symmetric), PerChannel())
    scale = weight_qparams(weight, spec, 0).scale.double().item()
    error = (fake_quantize_weight(weight, spec, 0).double() - weight.double()).abs().max().item()
    assert error <= 0.5000001 * scale


def test_the_largest_float32_weights_stay_finite() -> None:
    largest = torch.finfo(torch.float32).max
    weight = torch.tensor([[-largest, 0.0, largest]])
    menu = [f"{form.label} per-channel minmax" for form in FIXED_WIDTH_FORMATS[:6]]
    menu += ["fixed4 per-channel minmax", "nvfp4 per-group-16 minmax", "mxint8 per-group-32 minmax"]
    for spec in [*MENU, *CORRECTED, *map(QuantSpec.parse, menu)]:
        assert fake_quantize_weight(weight, spec, 0).isfinite().all()
        half = (weight / 2.0**112).clamp(-65504, 65504).half()
        assert fake_quantize_weight(half, spec, 0).isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_float_types_are_quantised_as_float32(dtype: torch.dtype) -> None:
    weight = normal(4, 50).to(dtype)
    spec = QuantSpec(IntFormat(4), PerChannel())
    actual = fake_quantize_weight(weight, spec, 0)
    assert actual.dtype == dtype
    expected = fake_quantize_weight(weight.float(), spec, 0).to(dtype)
    assert torch.allclose(actual, expected, rtol=1e-6, atol=0)


def test_the_result_has_no_graph_and_the_weight_is_left_alone() -> None:
    for dtype in (torch.float32, torch.float64):
        weight = torch.nn.Parameter(normal(4, 50).to(dtype))
        before = weight.detach().clone()
        for spec in MENU:
            assert not fake_quantize_weight(weight, spec, 0).requires_grad
        assert torch.equal(weight, before)


def test_nan_weights_are_refused_and_nan_activations_stay_nan() -> None:
    spec = QuantSpec(IntFormat(4), PerTensor())
    with pytest.raises(ModelError, match="NaN or infinite"):
        fake_quantize_weight(torch.tensor([1.0, float("nan")]), spec, 0)
    qparams = QParams(torch.tensor(0.5), torch.tensor(3, dtype=torch.int32))
    x = torch.tensor([float("nan"), float("inf"), float("-inf"), 0.6])
    actual = fake_quantize_tensor(x, qparams, spec.format)
    assert actual[0].isnan()
    assert actual[1:].tolist() == [6.0, -1.5, 0.5]


def test_half_precision_activations_are_rounded_in_float32() -> None:
    fmt = IntFormat(12)
    qparams = QParams(torch.tensor(0.001), torch.tensor(0, dtype=torch.int32))
    x = torch.rand(100, generator=torch.Generator().manual_seed(0)).half()
    actual = fake_quantize_tensor(x, qparams, fmt)
    assert actual.dtype == torch.float16
    assert torch.equal(actual, fake_quantize_tensor(x.float(), qparams, fmt).half())
