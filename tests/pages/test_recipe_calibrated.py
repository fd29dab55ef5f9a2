"""The Recipe page where recipes of the frontier were measured: calibrated predictions."""

import pytest

from analysis.allocation.calibration import Calibration, CalibrationPoint, calibrate_prediction
from analysis.allocation.frontier import frontier
from analysis.allocation.predict import predict
from analysis.charts.frontier import CalibratedLine, frontier_figure
from analysis.runs.store import RunStore
from pages.ui.text import number_text
from tests.pages.recipe_page import edit, stored_recipe
from tests.pages.seen import metrics, text
from tests.stored import Filled


def calibrate(filled: Filled) -> Calibration:
    """Store measurements that were twice the sum, a little more or less."""
    points = frontier(filled.result)
    rows = [
        CalibrationPoint(
            weight_bytes=point.weight_bytes,
            bops=point.bops,
            predicted=point.divergence,
            measured=(2.0 + 0.2 * (place % 2)) * point.divergence,
            low=1.8 * point.divergence,
            high=2.4 * point.divergence,
            drop=0.2 * point.divergence,
            samples=512,
        )
        for place, point in enumerate(points[:: len(points) // 6])
    ]
    made = calibrate_prediction(rows)
    RunStore().save_calibration(filled.run, made)
    return made


def test_the_card_shows_the_calibrated_value_with_its_interval(open_page, filled):
    known = calibrate(filled)
    app = open_page("recipe", run=filled.run)
    assert not app.exception and not app.error
    alone = predict(filled.result, stored_recipe(filled)).divergence
    value = known.predict(alone).value
    assert metrics(app)["Divergence"] == number_text(value) != number_text(alone)
    assert value == pytest.approx(2.1 * alone, rel=0.1)
    words = f"calibrated prediction from {len(known.points)} measured recipes"
    assert words in text(app)
    assert "90 % interval" in text(app)


def test_an_edited_recipe_is_calibrated_too(open_page, filled):
    calibrate(filled)
    app = open_page("recipe", run=filled.run)
    before = metrics(app)["Divergence"]
    edit(app, 2, weight="2")
    assert not app.exception
    assert metrics(app)["Divergence"] != before


def test_without_measurements_it_is_the_sum(open_page, filled):
    app = open_page("recipe", run=filled.run)
    alone = predict(filled.result, stored_recipe(filled)).divergence
    assert metrics(app)["Divergence"] == number_text(alone)
    assert "calibrated prediction" not in text(app)


def test_the_frontier_gains_a_band_and_a_line(filled):
    points = frontier(filled.result)
    rows = tuple((p.weight_bytes, 2 * p.divergence, p.divergence, 4 * p.divergence) for p in points)
    plain = frontier_figure(points)
    figure = frontier_figure(points, calibrated=CalibratedLine("calibrated", rows))
    assert len(figure.data) == len(plain.data) + 2
    assert {"calibrated", "its 90 % interval"} <= {trace.name for trace in figure.data}
    assert list(figure.data[2].customdata) == list(plain.data[0].customdata)
