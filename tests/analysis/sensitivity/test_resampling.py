import numpy as np
from numpy.typing import NDArray

from analysis.sensitivity.resampling import mean_interval, mean_intervals, resample_counts


def rows() -> NDArray[np.float64]:
    return np.random.default_rng(0).exponential(size=(5, 64))


def test_rows_asked_together_have_the_intervals_of_rows_asked_alone() -> None:
    means, lows, highs = mean_intervals(rows())
    for row, mean, low, high in zip(rows(), means, lows, highs, strict=True):
        assert mean_interval(row) == (mean, low, high)
        assert low < row.mean() < high


def test_the_ends_are_the_quantiles_of_the_resampled_means() -> None:
    row = rows()[0]
    resampled = resample_counts(64) @ row / 64
    _, low, high = mean_interval(row)
    np.testing.assert_allclose([low, high], np.quantile(resampled, [0.025, 0.975]), rtol=1e-12)


def test_an_infinite_row_has_no_interval_and_leaves_the_others_theirs() -> None:
    values = rows()
    values[2, 5] = np.inf
    means, lows, highs = mean_intervals(values)
    assert means[2] == lows[2] == highs[2] == np.inf
    assert mean_interval(values[1]) == (means[1], lows[1], highs[1])


def test_one_sample_says_nothing_of_its_spread() -> None:
    assert mean_interval(np.array([0.5])) == (0.5, 0.0, np.inf)
