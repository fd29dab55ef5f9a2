import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.quant.affine import FLOAT32_MAX, Grid, affine_qparams, working_dtype
from analysis.quant.spec import IntFormat

FORMATS = st.builds(IntFormat, bits=st.integers(2, 16), symmetric=st.booleans())
NUMBERS = st.floats(-FLOAT32_MAX, FLOAT32_MAX, width=32)
MODERATE = st.floats(-(2.0**120), 2.0**120, width=32)


def double(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


def grid_of(low: float, high: float, fmt: IntFormat) -> Grid:
    return Grid.of(affine_qparams(double(low), double(high), fmt), fmt, torch.float32)


@settings(deadline=None, max_examples=300)
@given(NUMBERS, NUMBERS, FORMATS)
def test_every_range_gives_a_finite_positive_scale_and_a_zero_point_among_the_codes(
    one: float, other: float, fmt: IntFormat
) -> None:
    qparams = affine_qparams(double(min(one, other)), double(max(one, other)), fmt)
    scale = qparams.scale.item()
    assert qparams.scale.dtype == torch.float32
    assert 0.0 < scale < float("inf")
    assert fmt.qmin <= qparams.zero_point.item() <= fmt.qmax
    assert qparams.zero_point.item() == 0 or not fmt.symmetric


@settings(deadline=None, max_examples=300)
@given(NUMBERS, NUMBERS, FORMATS)
def test_the_codes_in_use_stand_for_finite_numbers(
    one: float, other: float, fmt: IntFormat
) -> None:
    grid = grid_of(min(one, other), max(one, other), fmt)
    ends = torch.tensor([one, other, 0.0])
    assert (grid.nearest(ends / grid.scale) * grid.scale).isfinite().all()


@settings(deadline=None, max_examples=300)
@given(MODERATE, MODERATE, FORMATS)
def test_a_range_is_covered_to_half_a_step(one: float, other: float, fmt: IntFormat) -> None:
    grid = grid_of(min(one, other), max(one, other), fmt)
    ends = torch.tensor([one, other])
    assert not grid.clipped(ends / grid.scale).any()
    error = (grid.nearest(ends / grid.scale).double() * grid.scale.double() - ends.double()).abs()
    assert (error <= 0.5000001 * grid.scale.double()).all()


@settings(deadline=None)
@given(NUMBERS, FORMATS)
def test_a_constant_comes_back_exactly(value: float, fmt: IntFormat) -> None:
    grid = grid_of(value, value, fmt)
    number = torch.tensor(value)
    assert grid.nearest(number / grid.scale) * grid.scale == number


def test_all_zeros_take_scale_one() -> None:
    qparams = affine_qparams(double(0.0), double(0.0), IntFormat(4))
    assert (qparams.scale.item(), qparams.zero_point.item()) == (1.0, 0)


def test_a_one_sided_range_spends_all_codes_on_its_side() -> None:
    grid = grid_of(0.5, 15.0, IntFormat(4))
    assert (grid.scale.item(), grid.first.item(), grid.last.item()) == (1.0, 0.0, 15.0)
    grid = grid_of(-15.0, -0.5, IntFormat(4))
    assert (grid.scale.item(), grid.first.item(), grid.last.item()) == (1.0, -15.0, 0.0)


@pytest.mark.parametrize("bits", [2, 8, 16])
@pytest.mark.parametrize("symmetric", [False, True])
def test_a_float16_range_stays_inside_float16(bits: int, symmetric: bool) -> None:
    fmt = IntFormat(bits, symmetric)
    largest = torch.finfo(torch.float16).max
    qparams = affine_qparams(double(-largest), double(largest), fmt, largest=largest)
    grid = Grid.of(qparams, fmt, torch.float32)
    assert (grid.scale * torch.stack([grid.first, grid.last])).half().isfinite().all()


def test_halves_round_to_even() -> None:
    grid = grid_of(0.0, 15.0, IntFormat(4))
    steps = torch.tensor([0.5, 1.5, 2.5, 3.5])
    assert grid.nearest(steps).tolist() == [0.0, 2.0, 2.0, 4.0]


def test_work_is_done_in_float32_or_wider() -> None:
    assert working_dtype(torch.bfloat16) == torch.float32
    assert working_dtype(torch.float64) == torch.float64
