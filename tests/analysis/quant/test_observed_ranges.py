import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.quant.affine import Grid, affine_qparams
from analysis.quant.density import Density
from analysis.quant.fake import fake_quantize_tensor
from analysis.quant.observed_ranges import (
    OBSERVED_RANGE_METHODS,
    minmax_range,
    mse_range,
    percentile_range,
)
from analysis.quant.observer import Observer
from analysis.quant.spec import IntFormat, RangeMethod

ASYM, SYM = IntFormat(4), IntFormat(4, symmetric=True)


def normal(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed))


def density_of(values: torch.Tensor) -> Density:
    observer = Observer()
    observer.update(values)
    return observer.density()


def actual_error(values: torch.Tensor, low: float, high: float, fmt: IntFormat) -> float:
    ends = torch.tensor([low, high], dtype=torch.float64)
    qparams = affine_qparams(ends[0], ends[1], fmt)
    return float((fake_quantize_tensor(values, qparams, fmt) - values).double().square().sum())


SAMPLES = {
    "relu": torch.relu(normal(20_000)),
    "relu6": (normal(20_000) * 4.0).clamp(0.0, 6.0),
    "silu": torch.nn.functional.silu(normal(20_000) * 2.0),
    "normal": normal(20_000),
    "negative": -normal(20_000).abs() - 0.2,
    "outliers": torch.cat([normal(20_000), torch.tensor([60.0, -25.0])]),
    "exponential": normal(20_000).exp(),
}


def test_min_max_is_what_was_seen() -> None:
    values = normal(100)
    assert minmax_range(density_of(values), ASYM) == (values.min().item(), values.max().item())


@pytest.mark.parametrize("fmt", [ASYM, SYM], ids=["asym", "sym"])
@pytest.mark.parametrize("name", ["normal", "outliers", "negative", "exponential"])
def test_percentile_leaves_out_one_value_in_a_thousand(name: str, fmt: IntFormat) -> None:
    values = SAMPLES[name]
    low, high = percentile_range(density_of(values), fmt)
    outside = int(((values < low) | (values > high)).sum())
    # Values of the bin in which an end falls are known to a bin only.
    assert outside == pytest.approx(20, abs=6)


def test_asymmetric_percentile_cuts_each_end_at_its_own_share() -> None:
    values = torch.cat([torch.linspace(0.0, 1.0, 100_000), torch.linspace(50.0, 60.0, 50)])
    assert percentile_range(density_of(values), ASYM)[1] == pytest.approx(1.0, abs=0.04)
    assert percentile_range(density_of(-values), ASYM)[0] == pytest.approx(-1.0, abs=0.04)
    half = percentile_range(density_of(values), SYM)[1]
    assert half == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize("fmt", [ASYM, SYM], ids=["asym", "sym"])
def test_percentile_keeps_a_ceiling_that_many_values_share(fmt: IntFormat) -> None:
    low, high = percentile_range(density_of(SAMPLES["relu6"]), fmt)
    assert (low, high) == (0.0, 6.0)


@pytest.mark.parametrize("fmt", [ASYM, SYM], ids=["asym", "sym"])
def test_percentile_of_few_values_or_nearly_all_zeros_is_min_max(fmt: IntFormat) -> None:
    few = density_of(normal(999))
    assert percentile_range(few, fmt) == (few.low, few.high)
    sparse = torch.zeros(100_000)
    sparse[:3] = torch.tensor([1.0, -4e-6, 2.0])
    found = percentile_range(density_of(sparse), fmt)
    assert found == (sparse.min().item(), 2.0)


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
@pytest.mark.parametrize("symmetric", [False, True], ids=["asym", "sym"])
@pytest.mark.parametrize("name", SAMPLES)
def test_mse_comes_close_to_the_best_pair_of_ends(name: str, symmetric: bool, bits: int) -> None:
    values, fmt = SAMPLES[name], IntFormat(bits, symmetric)
    density = density_of(values)
    found = actual_error(values, *mse_range(density, fmt), fmt)
    low, high = min(density.low, 0.0), max(density.high, 0.0)
    shares = np.geomspace(1.0, 0.02, 14)
    best = min(
        actual_error(values, low * a, high * b, fmt)
        for a in (shares if low < 0.0 else [1.0])
        for b in (shares if high > 0.0 else [1.0])
    )
    # The grid of the oracle is coarse, so the search may well be better than it.
    assert found <= 1.05 * best
    assert found <= 1.001 * actual_error(values, density.low, density.high, fmt)


@pytest.mark.parametrize("name", ["relu", "normal", "exponential"])
@pytest.mark.parametrize("bits", [4, 8])
def test_mse_resolves_the_end_of_the_range_finely(name: str, bits: int) -> None:
    fmt, density = IntFormat(bits), density_of(SAMPLES[name])
    low, high = min(density.low, 0.0), max(density.high, 0.0)

    def expected(ends: tuple[float, float]) -> float:
        clip = torch.tensor(ends, dtype=torch.float64)
        grid = Grid.of(affine_qparams(clip[:1], clip[1:], fmt), fmt, torch.float64)
        arrays = (grid.scale.numpy(), grid.first.numpy(), grid.last.numpy())
        return float(density.squared_error(*arrays)[0])

    dense = min(expected((low * f, high * f)) for f in np.linspace(1.0, 0.05, 400))
    assert expected(mse_range(density, fmt)) <= 1.005 * dense


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(-6e4, 6e4, width=16), min_size=1, max_size=30),
    st.integers(2, 16),
    st.booleans(),
    st.sampled_from(sorted(OBSERVED_RANGE_METHODS)),
)
def test_every_method_stays_within_what_was_seen(
    numbers: list[float], bits: int, symmetric: bool, method: RangeMethod
) -> None:
    density = density_of(torch.tensor(numbers))
    low, high = OBSERVED_RANGE_METHODS[method](density, IntFormat(bits, symmetric))
    assert min(density.low, 0.0) <= low <= high <= max(density.high, 0.0)


@pytest.mark.parametrize("value", [0.0, 2.5, -1e-45])
@pytest.mark.parametrize("method", sorted(OBSERVED_RANGE_METHODS))
def test_a_constant_keeps_its_value_as_range(method: RangeMethod, value: float) -> None:
    density = density_of(torch.full((5000,), value))
    number = torch.tensor(value).item()
    assert OBSERVED_RANGE_METHODS[method](density, ASYM) == (number, number)
