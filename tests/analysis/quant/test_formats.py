import ml_dtypes
import numpy as np
import pytest
from scipy.stats import norm

from analysis.errors import OptionError
from analysis.quant.formats import (
    FIXED_WIDTH_FORMATS,
    CodebookFormat,
    FixedPointFormat,
    FloatFormat,
    IntFormat,
    MxFormat,
    NvFp4Format,
    parse_format,
)

PEERS = {
    "fp8-e4m3": ml_dtypes.float8_e4m3fn,
    "fp8-e5m2": ml_dtypes.float8_e5m2,
    "fp6-e3m2": ml_dtypes.float6_e3m2fn,
    "fp6-e2m3": ml_dtypes.float6_e2m3fn,
    "fp4-e2m1": ml_dtypes.float4_e2m1fn,
}
FLOATS = [form for form in FIXED_WIDTH_FORMATS if isinstance(form, FloatFormat)]


def test_every_float_format_has_a_peer() -> None:
    assert {form.label for form in FLOATS} == set(PEERS)


@pytest.mark.parametrize("form", FLOATS, ids=lambda form: form.label)
def test_float_values_are_those_of_all_bit_patterns(form: FloatFormat) -> None:
    patterns = np.arange(1 << form.bits, dtype=np.uint8).view(PEERS[form.label])
    numbers = patterns.astype(np.float64)
    assert form.values == tuple(np.unique(numbers[np.isfinite(numbers)]))
    assert form.largest == ml_dtypes.finfo(PEERS[form.label]).max
    assert form.bits == ml_dtypes.finfo(PEERS[form.label]).bits


@pytest.mark.parametrize("form", FIXED_WIDTH_FORMATS, ids=lambda form: form.label)
def test_a_format_of_fixed_width_reads_back(form: FloatFormat) -> None:
    assert parse_format([form.label, "rest"]) == (form, ["rest"])


def test_nf4_holds_seven_quantiles_below_and_eight_above_zero() -> None:
    """QLoRA, appendix E: normal quantiles from the offset to 1/2, scaled to [-1, 1]."""
    offset = 0.9677083
    above = norm.ppf(np.linspace(offset, 0.5, 9)[:-1])
    below = -norm.ppf(np.linspace(offset, 0.5, 8)[:-1])
    expected = np.sort(np.concatenate([above, [0.0], below])) / above.max()
    assert CodebookFormat("nf4").values == pytest.approx(expected, abs=2e-7)


@pytest.mark.parametrize(
    ("form", "stored"),
    [
        (IntFormat(4), (4, 36, 0)),
        (IntFormat(4, symmetric=True), (4, 32, 0)),
        (FixedPointFormat(6), (6, 8, 0)),
        (FloatFormat(4, 3), (8, 32, 0)),
        (CodebookFormat("nf4"), (4, 32, 0)),
        (CodebookFormat("ternary"), (2, 32, 0)),
        (CodebookFormat("binary"), (1, 32, 0)),
        (MxFormat(FloatFormat(2, 1)), (4, 8, 0)),
        (MxFormat(IntFormat(8, symmetric=True)), (8, 8, 0)),
        (NvFp4Format(), (4, 8, 32)),
    ],
    ids=lambda value: getattr(value, "label", ""),
)
def test_stored_bits_a_code_a_group_and_a_tensor(
    form: IntFormat, stored: tuple[int, int, int]
) -> None:
    assert (form.bits, form.group_bits, form.tensor_bits) == stored


def test_formats_that_do_not_exist_are_refused() -> None:
    with pytest.raises(OptionError, match="e4m3, e5m2"):
        FloatFormat(3, 4)
    with pytest.raises(OptionError, match="8 bits"):
        MxFormat(IntFormat(4, symmetric=True))
    with pytest.raises(OptionError, match="between 2 and 16"):
        FixedPointFormat(17)
