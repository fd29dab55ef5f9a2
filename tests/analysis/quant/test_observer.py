from itertools import permutations
from math import isnan

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kurtosis

from analysis.errors import ModelError
from analysis.quant.observer import Observer

VALUES = st.lists(
    st.floats(-(2.0**40), 2.0**40, width=32).map(lambda x: x if abs(x) > 2.0**-60 else 0.0),
    min_size=1,
    max_size=30,
)
SPREAD = st.lists(VALUES, min_size=1, max_size=5)


def observed(*parts: torch.Tensor, bins: int = 2048) -> Observer:
    observer = Observer(bins)
    for part in parts:
        observer.update(part)
    return observer


def normal(count: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None)
@given(SPREAD, st.sampled_from([2, 16, 64, 2048]))
def test_counts_are_those_of_a_histogram_of_all_values(parts: list[list[float]], bins: int) -> None:
    histogram = observed(*(torch.tensor(part) for part in parts), bins=bins).histogram(bins)
    values = np.array([value for part in parts for value in part])
    edges = np.linspace(histogram.low, histogram.high, len(histogram.counts) + 1)
    if values.min() < values.max():
        # numpy counts the last edge as inside; no value lies on it here.
        assert list(histogram.counts) == np.histogram(values, edges)[0].tolist()
        assert values.max() < histogram.high
    assert sum(histogram.counts) == values.size
    assert histogram.low <= values.min() <= values.max() <= histogram.high


@pytest.mark.parametrize("bins", [16, 256])
def test_the_order_of_the_parts_does_not_matter(bins: int) -> None:
    parts = [normal(50) * size for size in (1e-3, 1.0, 1e4)] + [torch.zeros(7)]
    first = observed(*parts, bins=bins)
    for order in permutations(parts):
        other = observed(*order, bins=bins)
        assert other.histogram(bins) == first.histogram(bins)
        assert other.stats().kurtosis == pytest.approx(first.stats().kurtosis)
        assert (other.minimum, other.maximum) == (first.minimum, first.maximum)
        assert (other.count, other.zeros) == (first.count, first.zeros)


def test_widening_keeps_every_count() -> None:
    observer = Observer(bins=8)
    for power in range(20):
        observer.update(torch.tensor([2.0**power, -(1.5**power)]))
    assert sum(observer.histogram(8).counts) == observer.count == 40


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e30])
def test_a_histogram_uses_at_least_half_of_its_bins(size: float) -> None:
    histogram = observed(normal(5000) * size).histogram(256)
    assert 128 <= len(histogram.counts) <= 256


def test_tiles_change_nothing() -> None:
    values = normal(200_000)
    assert observed(values).histogram() == observed(*values.split(999)).histogram()


def test_statistics_are_those_of_numpy_and_scipy() -> None:
    values = torch.relu(normal(100_000)) * 3.0 - 0.5
    values[:1000] = 0.0
    values[1000:1400] = 40.0
    stats = observed(*values.split(7001)).stats()
    exact = values.double().numpy()
    assert stats.count == exact.size
    assert (stats.minimum, stats.maximum) == (exact.min(), exact.max())
    assert stats.mean == pytest.approx(exact.mean(), rel=1e-12)
    assert stats.std == pytest.approx(exact.std(), rel=1e-12)
    assert stats.kurtosis == pytest.approx(kurtosis(exact), rel=1e-9)
    assert stats.zeros == np.mean(exact == 0.0)
    assert stats.outliers == pytest.approx(np.mean(abs(exact - exact.mean()) > 4 * exact.std()))
    assert not stats.constant


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 3e38, 1e-45])
def test_a_constant_is_one_full_bin_in_the_middle(value: float) -> None:
    observer = observed(torch.full((10, 3), value))
    histogram, stats = observer.histogram(256), observer.stats()
    assert stats.constant
    assert stats.std == stats.outliers == 0.0
    assert isnan(stats.kurtosis)
    assert histogram.counts[128] == sum(histogram.counts) == 30
    assert histogram.low < stats.minimum < histogram.high


def test_the_density_has_the_extremes_as_edges_and_the_zeros_as_a_spike() -> None:
    density = observed(torch.relu(normal(1000)), torch.tensor([-0.7])).density()
    values = torch.cat([torch.relu(normal(1000)), torch.tensor([-0.7])])
    zeros = int((values == 0).sum())
    assert (density.low, density.high) == (values.min().item(), values.max().item())
    assert density.count == 1001
    assert (np.diff(density.edges) >= 0.0).all()
    spike = np.flatnonzero(np.diff(density.edges) == 0.0)
    assert density.counts[spike].tolist() == [zeros]
    assert density.edges[spike].tolist() == [0.0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_float_types_of_any_width_are_observed(dtype: torch.dtype) -> None:
    values = normal(500).to(dtype)
    observer = observed(values)
    assert (observer.minimum, observer.maximum) == (values.min().item(), values.max().item())
    assert sum(observer.histogram().counts) == 500


@pytest.mark.parametrize("size", [1e-45, 1e-39, 1e38])
def test_subnormal_and_huge_values_are_counted(size: float) -> None:
    values = torch.tensor([-1.0, 0.0, 0.5, 3.0, 3.4]) * size
    observer = observed(values, values * 0.5)
    assert sum(observer.histogram().counts) == 10
    assert observer.density().count == 10
    assert observer.maximum == values.max().item()


def test_values_that_underflow_on_the_grid_are_still_counted() -> None:
    observer = observed(torch.tensor([-3e38, -1e-45]))
    assert sum(observer.histogram().counts) == 2


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_values_that_are_not_finite_are_refused_and_counted(bad: float) -> None:
    observer = observed(torch.tensor([1.0, 2.0]))
    before = observer.stats()
    with pytest.raises(ModelError, match="2 of 4 values are NaN or infinite"):
        observer.update(torch.tensor([1.0, bad, bad, 7.0]))
    assert observer.stats() == before


def test_an_empty_tensor_changes_nothing_and_no_value_is_no_answer() -> None:
    observer = observed(torch.zeros(0, 3))
    assert observer.count == 0
    for ask in (observer.histogram, observer.stats, observer.density):
        with pytest.raises(ValueError, match="no value"):
            ask()


def test_integers_and_too_few_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="float tensors"):
        observed(torch.tensor([1, 2]))
    with pytest.raises(ValueError, match="at least 2 bins"):
        Observer(bins=1)


def test_tensors_with_a_graph_and_under_inference_mode_are_observed() -> None:
    observer = Observer()
    with torch.inference_mode():
        observer.update(torch.ones(3))
    observer.update(torch.zeros(2, requires_grad=True) + 3.0)
    observer.update(torch.ones(2, 3).T)
    assert (observer.count, observer.maximum) == (11, 3.0)


def test_observing_leaves_the_tensor_as_it_was() -> None:
    values = normal(100).double()
    before = values.clone()
    observed(values)
    assert torch.equal(values, before)


def test_the_moving_range_is_torchs_with_a_sample_for_a_batch() -> None:
    from torch.ao.quantization.observer import MovingAverageMinMaxObserver

    samples = torch.randn(30, 4, 5)
    peer = MovingAverageMinMaxObserver(averaging_constant=0.01)
    observer = Observer()
    for batch in samples.split(7):
        observer.update(batch)
    for sample in samples:
        peer(sample)
    low, high = observer.moving_range()
    assert low == pytest.approx(peer.min_val.item(), rel=1e-5)
    assert high == pytest.approx(peer.max_val.item(), rel=1e-5)


def test_the_moving_range_does_not_depend_on_the_batches() -> None:
    samples = torch.randn(40, 9)
    found = []
    for size in (1, 6, 40):
        observer = Observer()
        for batch in samples.split(size):
            observer.update(batch)
        found.append(observer.moving_range())
    assert found[1] == pytest.approx(found[0])
    assert found[2] == pytest.approx(found[0])
