from math import exp, log

import numpy as np
import pytest

from analysis import serial
from analysis.allocation.calibration import Calibration, CalibrationPoint, calibrate_prediction
from analysis.errors import OptionError, RunError


def points(noise: float = 0.0, seed: int = 0, drops: bool = True) -> list[CalibrationPoint]:
    rng = np.random.default_rng(seed)
    found = []
    for number, predicted in enumerate(np.geomspace(1.0, 1e-3, 8).tolist()):
        measured = 2 * predicted**0.9 * exp(noise * rng.normal())
        drop = 0.2 * measured if drops else None
        interval = (measured, 0.8 * measured, 1.2 * measured)
        found.append(CalibrationPoint(1000 + number, 10, predicted, *interval, drop, 512))
    return found


def test_a_power_law_is_found() -> None:
    fitted = calibrate_prediction(points())
    assert fitted.slope == pytest.approx(0.9)
    assert fitted.intercept == pytest.approx(log(2))
    assert fitted.predict(0.05).value == pytest.approx(2 * 0.05**0.9)
    found = fitted.predict(0.05)
    assert found.high / found.low == pytest.approx(1.1, rel=0.02)  # what the prior leaves


def test_nine_in_ten_new_points_lie_in_the_interval() -> None:
    inside = []
    rng = np.random.default_rng(1)
    for seed in range(300):
        fitted = calibrate_prediction(points(noise=0.2, seed=seed))
        predicted = float(np.exp(rng.uniform(log(1e-3), 0)))
        truth = 2 * predicted**0.9 * exp(0.2 * rng.normal())
        found = fitted.predict(predicted)
        assert found.low < found.value < found.high
        inside.append(found.low <= truth <= found.high)
    assert 0.86 <= np.mean(inside) <= 0.97


def test_the_interval_widens_away_from_the_points() -> None:
    fitted = calibrate_prediction(points(noise=0.2))
    near, far = fitted.predict(0.03), fitted.predict(1e-6)
    assert far.high / far.low > near.high / near.low


def test_losses_rise_with_the_prediction() -> None:
    fitted = calibrate_prediction(points(), most=0.9)
    losses = [fitted.drop(predicted) for predicted in (0.0, 0.01, 0.1, 1.0, 1e3)]
    assert losses[0] == 0
    assert losses == sorted(losses, key=lambda loss: loss or 0.0)
    assert losses[2] == pytest.approx(0.2 * 2 * 0.1**0.9, rel=0.05)
    assert losses[-1] == 0.9
    assert calibrate_prediction(points(drops=False)).drop(0.1) is None


def test_two_points_are_too_few() -> None:
    with pytest.raises(OptionError, match="3 measured recipes"):
        calibrate_prediction(points()[:2])


def test_nothing_quantised_loses_nothing() -> None:
    assert calibrate_prediction(points(noise=0.2)).predict(0.0).high == 0


def test_it_is_plain_data() -> None:
    fitted = calibrate_prediction(points(noise=0.1), surrogate="pairwise")
    assert serial.from_plain(Calibration, serial.to_plain(fitted), RunError, "x") == fitted
