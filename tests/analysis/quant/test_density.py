import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.quant.density import Density, Floats


def sampled(density: Density, samples: int = 20_000) -> tuple[Floats, Floats]:
    """The density as many weighted points, evenly over each bin."""
    share = (np.arange(samples) + 0.5) / samples
    left, width = density.edges[:-1], np.diff(density.edges)
    points = (left[:, None] + width[:, None] * share).ravel()
    return points, np.repeat(density.counts / samples, samples)


EXAMPLE = Density(np.array([-1.0, -0.5, 0.0, 0.0, 0.5, 1.3]), np.array([2.0, 0.0, 7.0, 4.0, 1.0]))


@pytest.mark.parametrize("limit", [-2.0, -1.0, -0.9, -0.25, 0.0, 0.1, 0.5, 1.0, 1.3, 2.0])
def test_below_and_above_count_what_lies_outside(limit: float) -> None:
    points, weights = sampled(EXAMPLE)
    assert EXAMPLE.below(limit) == pytest.approx(weights[points < limit].sum(), abs=1e-3)
    assert EXAMPLE.above(limit) == pytest.approx(weights[points > limit].sum(), abs=1e-3)


def test_a_spike_on_the_limit_lies_inside() -> None:
    assert EXAMPLE.below(0.0) == 2.0
    assert EXAMPLE.above(0.0) == 5.0


@pytest.mark.parametrize("scale", [3.0, 0.7, 0.11, 0.013, 0.0007])
@pytest.mark.parametrize(("first", "last"), [(0.0, 3.0), (-7.0, 8.0), (-40.0, 60.0)])
def test_squared_error_is_the_integral(scale: float, first: float, last: float) -> None:
    points, weights = sampled(EXAMPLE)
    nearest = np.clip(np.rint(points / scale), first, last) * scale
    expected = (weights * (points - nearest) ** 2).sum()
    actual = EXAMPLE.squared_error(np.array([scale]), np.array([first]), np.array([last]))
    assert actual[0] == pytest.approx(expected, rel=1e-3)


@settings(deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-5.0, 5.0), st.floats(0.0, 1e-6))
def test_a_narrow_bin_counts_as_a_point(scale: float, value: float, width: float) -> None:
    density = Density(np.array([value, value + width]), np.array([3.0]))
    grid = (np.array([scale]), np.array([-2.0]), np.array([5.0]))
    error = value - float(np.clip(np.rint(value / scale), -2, 5)) * scale
    found = density.squared_error(*grid)[0]
    assert found >= 0.0
    assert found == pytest.approx(3.0 * error**2, rel=1e-3, abs=3e-5 * scale + 1e-9)


def test_several_grids_are_judged_at_once() -> None:
    scales, first, last = np.array([0.1, 0.5]), np.array([-3.0, -1.0]), np.array([4.0, 2.0])
    together = EXAMPLE.squared_error(scales, first, last)
    apart = [
        EXAMPLE.squared_error(scales[[i]], first[[i]], last[[i]])[0] for i in range(scales.size)
    ]
    assert together.tolist() == pytest.approx(apart, rel=1e-12)
