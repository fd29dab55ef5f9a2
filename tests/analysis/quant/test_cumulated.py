import numpy as np
import pytest

from analysis.quant.cumulated import cumulated_error
from analysis.quant.density import Density


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("bits", [1, 2, 4, 5])
def test_cumulated_sums_give_the_error_of_the_integral(seed: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    edges = np.sort(rng.normal(seed % 3, 2.0, 40))
    edges[10] = edges[11]  # a spike
    counts = rng.integers(0, 50, 39).astype(float)
    density = Density(edges, counts)
    scale = rng.uniform(0.05, 2.0, 5)
    first = -rng.integers(0, 2**bits, 5).astype(float)
    last = first + 2**bits - 1
    found = cumulated_error(edges, counts, scale, first, last)
    for error, step, low, high in zip(found, scale, first, last, strict=True):
        assert error == pytest.approx(density.error_on(step * np.arange(low, high + 1)), rel=1e-9)


def test_zeros_below_the_lowest_border_stay_at_zero() -> None:
    edges, counts = np.array([0.0, 0.0, 1.0]), np.array([100.0, 0.0])
    grid = (np.array([1.0]), np.array([-3.0]), np.array([0.0]))
    assert cumulated_error(edges, counts, *grid)[0] == 0.0


def test_values_beyond_the_grid_are_clipped() -> None:
    edges, counts = np.array([10.0, 10.0]), np.array([2.0])
    grid = (np.array([1.0]), np.array([0.0]), np.array([3.0]))
    assert cumulated_error(edges, counts, *grid)[0] == pytest.approx(2 * 49.0)
