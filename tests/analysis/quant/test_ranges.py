from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.quant import criteria, ranges, shrink_search
from analysis.quant.affine import affine_qparams
from analysis.quant.criteria import squared_error
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.observed_ranges import OBSERVED_RANGE_METHODS
from analysis.quant.ranges import (
    RANGE_METHODS,
    mean_range,
    minmax_range,
    mse_range,
    percentile_range,
)
from analysis.quant.shrink_search import SHRINK
from analysis.quant.spec import (
    ACTIVATION_RANGES,
    WEIGHT_RANGES,
    CodebookFormat,
    IntFormat,
    QuantSpec,
    RangeMethod,
)

ASYM4, SYM4 = IntFormat(4), IntFormat(4, symmetric=True)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def brute_force_error(values: np.ndarray, low: float, high: float, fmt: IntFormat) -> float:
    """The definition, value by value in float64."""
    if fmt.symmetric:
        scale, zero = max(abs(low), abs(high)) / fmt.qmax, 0.0
    else:
        low, high = min(low, 0.0), max(high, 0.0)
        scale = (high - low) / fmt.qmax
        zero = np.rint(-low / scale)
    codes = np.clip(np.rint(values / scale) + zero, fmt.qmin, fmt.qmax)
    return float((((codes - zero) * scale - values) ** 2).sum())


def test_every_named_method_has_its_function() -> None:
    assert set(RANGE_METHODS) == set(WEIGHT_RANGES)
    found_otherwise = {"moving", "dynamic"}
    assert set(OBSERVED_RANGE_METHODS) | found_otherwise == set(ACTIVATION_RANGES)
    assert set(WEIGHT_RANGES) | set(ACTIVATION_RANGES) == set(get_args(RangeMethod))


@pytest.mark.parametrize("method", RANGE_METHODS)
def test_ranges_are_float64_one_a_group(method: RangeMethod) -> None:
    low, high = RANGE_METHODS[method](normal(5, 40), ASYM4)
    assert low.dtype == high.dtype == torch.float64
    assert low.shape == high.shape == (5,)


@pytest.mark.parametrize("fmt", [ASYM4, SYM4], ids=["asym", "sym"])
def test_percentile_leaves_out_one_value_in_a_thousand(fmt: IntFormat) -> None:
    groups = normal(3, 10_000)
    low, high = percentile_range(groups, fmt)
    outside = (groups < low.float()[:, None]) | (groups > high.float()[:, None])
    assert outside.sum(dim=1).tolist() == [10, 10, 10]


@pytest.mark.parametrize("fmt", [ASYM4, SYM4], ids=["asym", "sym"])
def test_percentile_of_a_small_group_is_min_max(fmt: IntFormat) -> None:
    groups = normal(3, 999)
    for mine, theirs in zip(percentile_range(groups, fmt), minmax_range(groups, fmt), strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("fmt", [ASYM4, SYM4], ids=["asym", "sym"])
def test_percentile_of_nearly_all_zeros_keeps_the_rest(fmt: IntFormat) -> None:
    groups = torch.zeros(1, 10_000)
    groups[0, :3] = torch.tensor([-1.0, 2.0, 3.0])
    low, high = percentile_range(groups, fmt)
    assert (low.item(), high.item()) == (-1.0, 3.0)


@pytest.mark.parametrize("fmt", [ASYM4, SYM4, IntFormat(2), IntFormat(8)], ids=lambda f: f.label)
def test_mse_is_the_best_of_the_listed_shares(fmt: IntFormat) -> None:
    groups = normal(4, 60) + 0.2
    groups[2, 0] = 9.0
    low, high = mse_range(groups, fmt)
    for index, group in enumerate(groups.double().numpy()):
        errors = [brute_force_error(group, group.min() * f, group.max() * f, fmt) for f in SHRINK]
        chosen = brute_force_error(group, low[index].item(), high[index].item(), fmt)
        assert chosen == pytest.approx(min(errors), rel=1e-4)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 8), st.booleans(), st.integers(1, 50))
def test_mse_is_never_worse_than_min_max(seed: int, bits: int, symmetric: bool, size: int) -> None:
    fmt = IntFormat(bits, symmetric)
    groups = normal(6, size, seed=seed)
    least = squared_error(groups, affine_qparams(*mse_range(groups, fmt), fmt), fmt)
    plain = squared_error(groups, affine_qparams(*minmax_range(groups, fmt), fmt), fmt)
    assert (least <= plain).all()


def test_of_equal_errors_the_widest_range_wins() -> None:
    # Half the range of a constant brings it back just as exactly, by twice the code.
    low, high = mse_range(torch.full((2, 9), 0.7), ASYM4)
    assert low.tolist() == high.tolist() == [torch.tensor(0.7).item()] * 2


@pytest.mark.parametrize(("tile", "lines"), [(16, 4096), (1 << 16, 2)])
def test_mse_does_not_depend_on_the_tiles(
    monkeypatch: pytest.MonkeyPatch, tile: int, lines: int
) -> None:
    groups = normal(7, 33)
    whole = mse_range(groups, ASYM4)
    monkeypatch.setattr(criteria, "TILE", tile)
    monkeypatch.setattr(shrink_search, "TILE", tile)
    monkeypatch.setattr(shrink_search, "LINES", lines)
    for mine, theirs in zip(mse_range(groups, ASYM4), whole, strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("exponent", [-100, 120])
def test_mse_of_tiny_and_huge_weights_is_that_of_ordinary_ones(exponent: int) -> None:
    groups = normal(4, 64)
    expected = [bound * 2.0**exponent for bound in mse_range(groups, ASYM4)]
    for mine, theirs in zip(mse_range(groups * 2.0**exponent, ASYM4), expected, strict=True):
        assert torch.equal(mine, theirs)


@pytest.mark.parametrize("fmt", [ASYM4, SYM4], ids=["asym", "sym"])
@pytest.mark.parametrize("shape", ["normal", "rare", "equal"])
def test_percentile_of_a_large_group_is_exact(
    monkeypatch: pytest.MonkeyPatch, shape: str, fmt: IntFormat
) -> None:
    groups = normal(2, 300_000)
    if shape == "rare":
        groups[:, ::997] *= 50.0
    if shape == "equal":
        groups = groups.round()
    drawn = percentile_range(groups, fmt)
    monkeypatch.setattr(ranges, "DRAWN_FROM", 1 << 30)
    for mine, theirs in zip(drawn, percentile_range(groups, fmt), strict=True):
        assert torch.equal(mine, theirs)


def test_ternary_scales_are_those_of_twn() -> None:
    groups = normal(4, 3000)
    low, high = mean_range(groups, CodebookFormat("ternary"))
    for group, scale in zip(groups.double(), high, strict=True):
        sizes = group.abs()
        kept = sizes[sizes > 0.7 * sizes.mean()]
        assert scale.item() == pytest.approx(kept.mean().item())
    assert torch.equal(low, -high)


def test_binary_scales_are_the_mean_magnitude() -> None:
    groups = normal(4, 3000)
    groups[:, :500] = 0.0
    _, high = mean_range(groups, CodebookFormat("binary"))
    assert torch.allclose(high, groups.double().abs().mean(1))
    actual = fake_quantize_weight(groups, QuantSpec.parse("binary per-channel mean"), 0)
    signs = torch.where(groups >= 0, 1.0, -1.0)
    assert torch.allclose(actual, signs * high[:, None].float())
