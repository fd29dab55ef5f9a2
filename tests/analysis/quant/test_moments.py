from functools import reduce
from math import isnan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis

from analysis.quant.moments import Moments

PARTS = st.lists(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=20), min_size=1, max_size=6
)


@settings(deadline=None)
@given(PARTS)
def test_merged_parts_are_the_whole(parts: list[list[float]]) -> None:
    merged = reduce(Moments.merged, (Moments.of(torch.tensor(part)) for part in parts), Moments())
    whole = Moments.of(torch.tensor([value for part in parts for value in part]))
    assert merged.count == whole.count
    assert merged.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-9)
    for name in ("m2", "m3", "m4"):
        size = max(1.0, whole.m4)
        assert getattr(merged, name) == pytest.approx(
            getattr(whole, name), rel=1e-8, abs=1e-9 * size
        )


def test_figures_are_those_of_numpy_and_scipy() -> None:
    values = torch.randn(4000, generator=torch.Generator().manual_seed(0)).exp() + 1000.0
    exact = values.double().numpy()
    moments = Moments.of(values)
    assert moments.mean == pytest.approx(exact.mean(), rel=1e-12)
    assert moments.std == pytest.approx(np.std(exact), rel=1e-9)
    assert moments.kurtosis == pytest.approx(kurtosis(exact), rel=1e-7)
    assert moments.energy == pytest.approx((exact**2).sum(), rel=1e-12)


@pytest.mark.parametrize("value", [0.0, 0.1, -3e38, 1e-45])
def test_a_constant_has_no_spread_and_no_kurtosis(value: float) -> None:
    part = Moments.of(torch.full((999,), value))
    moments = part.merged(part)
    assert moments.std == 0.0
    assert isnan(moments.kurtosis)


def test_a_float64_constant_has_no_spread_either() -> None:
    assert Moments.of(torch.full((999,), 0.1, dtype=torch.float64)).std == 0.0


def test_the_values_are_left_as_they_were() -> None:
    values = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)
    Moments.of(values)
    assert values.tolist() == [1.0, 2.0, 4.0]
