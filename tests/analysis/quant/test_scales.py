from math import floor, log2

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from analysis.quant.fake import fake_quantize_weight
from analysis.quant.formats import (
    CodebookFormat,
    FixedPointFormat,
    FloatFormat,
    Format,
    MxFormat,
    NvFp4Format,
)
from analysis.quant.scales import grid_of, range_qparams
from analysis.quant.spec import QuantSpec

NUMBERS = st.floats(-(2.0**100), 2.0**100, width=32)
PEERS = {
    "fp8-e4m3": ml_dtypes.float8_e4m3fn,
    "fp8-e5m2": ml_dtypes.float8_e5m2,
    "fp6-e3m2": ml_dtypes.float6_e3m2fn,
    "fp6-e2m3": ml_dtypes.float6_e2m3fn,
    "fp4-e2m1": ml_dtypes.float4_e2m1fn,
}


def double(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def blocks(seed: int = 0) -> torch.Tensor:
    """Blocks of 32 values of very different sizes, one of zeros."""
    generator = torch.Generator().manual_seed(seed)
    sizes = 2.0 ** torch.linspace(-30, 30, 40)
    weight = torch.randn(40, 32, generator=generator) * sizes[:, None]
    weight[7] = 0.0
    return weight


@given(NUMBERS, NUMBERS, st.integers(2, 16))
def test_fixed_point_takes_the_smallest_power_of_two_that_fits(
    one: float, other: float, bits: int
) -> None:
    low, high = sorted((one, other))
    form = FixedPointFormat(bits)
    scale = range_qparams(double(low), double(high), form).scale.double().item()
    mantissa, _ = np.frexp(scale)
    assert mantissa == 0.5
    if max(abs(low), abs(high)) > 2.0**-140:
        assert form.qmin * scale <= low <= high <= form.qmax * scale
        half = scale / 2
        assert not (form.qmin * half <= low and high <= form.qmax * half) or (low == high == 0)


@pytest.mark.parametrize(
    "form", [FloatFormat(4, 3), FloatFormat(2, 1), CodebookFormat("nf4")], ids=lambda f: f.label
)
def test_the_largest_number_stands_for_the_largest_magnitude(
    form: FloatFormat | CodebookFormat,
) -> None:
    qparams = range_qparams(double(-3.0, 0.0, 2.0), double(1.0, 0.5, 2.0), form)
    assert (qparams.scale[:2].double() * form.largest).tolist() == pytest.approx(
        [3.0, 0.5], rel=1e-6
    )
    assert qparams.scale[2] == 2.0, "a constant is its own scale"


@pytest.mark.parametrize("element", PEERS)
def test_mx_is_the_definition_written_out(element: str) -> None:
    """OCP MX 1.0, 6.3: X = 2^(floor(log2(max)) - emax), then each element rounds and saturates."""
    peer = PEERS[element]
    spec = QuantSpec.parse(f"mx{element} per-group-32 minmax")
    largest = float(ml_dtypes.finfo(peer).max)
    weight = blocks()
    expected = []
    for block in weight.double().numpy():
        top = np.abs(block).max()
        shared = 2.0 ** (floor(log2(top)) - floor(log2(largest))) if top else 1.0
        scaled = np.clip(block / shared, -largest, largest)
        expected.append(scaled.astype(np.float32).astype(peer).astype(np.float64) * shared)
    actual = fake_quantize_weight(weight, spec, 0)
    assert np.array_equal(actual.double().numpy(), np.array(expected))


def test_mx_scales_are_e8m0_numbers() -> None:
    magnitude = blocks().abs().amax(1).double()
    scale = range_qparams(-magnitude, magnitude, MxFormat(FloatFormat(2, 1))).scale.numpy()
    assert np.array_equal(scale.astype(ml_dtypes.float8_e8m0fnu).astype(np.float32), scale)


def test_mxint8_elements_are_whole_multiples_of_a_64th() -> None:
    weight = blocks()
    actual = fake_quantize_weight(weight, QuantSpec.parse("mxint8 per-group-32 minmax"), 0)
    for block, made in zip(weight.double(), actual.double(), strict=True):
        top = block.abs().max().item()
        shared = 2.0 ** floor(log2(top)) if top else 1.0
        codes = (block / shared * 64).round().clamp(-127, 127)
        assert torch.equal(made, codes / 64 * shared)


def test_nvfp4_is_the_definition_written_out() -> None:
    weight = torch.randn(12, 50) * torch.logspace(-2, 1, 12)[:, None]
    weight[3, :16] = 0.0
    actual = fake_quantize_weight(weight, QuantSpec.parse("nvfp4 per-group-16 minmax"), 0)
    tensor = np.float32(weight.abs().max().double().item() / (6 * 448))
    for row, made in zip(weight.numpy(), actual.numpy(), strict=True):
        for start in range(0, 50, 16):
            block = row[start : start + 16]
            wanted = np.abs(block.astype(np.float64)).max() / 6 / np.float64(tensor)
            wanted = np.clip(wanted, 2.0**-9, 448)
            stored = np.float64(np.float32(wanted).astype(ml_dtypes.float8_e4m3fn))
            scale = np.float32(stored * np.float64(tensor))
            element = np.clip(block / scale, -6, 6).astype(ml_dtypes.float4_e2m1fn)
            assert np.array_equal(made[start : start + 16], element.astype(np.float32) * scale)


@pytest.mark.parametrize("value", [0.0, 1e-45, 3e38])
@pytest.mark.parametrize(
    "form", [NvFp4Format(), MxFormat(FloatFormat(5, 2))], ids=lambda f: f.label
)
def test_block_scales_stay_finite_and_positive(form: Format, value: float) -> None:
    magnitude = double(value, value)
    scale = range_qparams(-magnitude, magnitude, form).scale
    assert scale.isfinite().all()
    assert (scale > 0).all()
    grid = grid_of(range_qparams(-magnitude, magnitude, form), form, torch.float32)
    assert (grid.nearest(torch.tensor([0.0, value]) / grid.scale) * grid.scale).isfinite().all()
