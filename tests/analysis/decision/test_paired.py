import numpy as np
import pytest

from analysis.decision.paired import paired


def test_a_gain_with_its_standard_error() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = rng.random(100), rng.random(100) + 0.2
    found = paired(ours, theirs)
    difference = theirs - ours
    assert found.gain == pytest.approx(difference.mean())
    assert found.error == pytest.approx(difference.std(ddof=1) / 10)
    assert not found.surely_worse
    assert paired(theirs, ours).surely_worse


def test_weights_weigh() -> None:
    found = paired(np.zeros(2), np.array([1.0, 3.0]), np.array([1.5, 0.5]))
    assert found.gain == pytest.approx(1.5)


def test_overflow_loses() -> None:
    good, bad = np.zeros(3), np.array([0.0, np.inf, 0.0])
    assert paired(bad, good).surely_worse
    assert paired(good, bad).gain == np.inf


def test_one_sample_tells_nothing() -> None:
    found = paired(np.ones(1), np.zeros(1))
    assert found.error == np.inf
    assert not found.surely_worse
