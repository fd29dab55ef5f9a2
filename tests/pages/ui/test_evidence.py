from dataclasses import replace

from pages.ui.evidence import evidence_text
from tests.sensitivities import make_sensitivities


def test_a_finished_sweep_says_on_how_many_samples():
    result = make_sensitivities(3, bits=(2, 4))
    assert evidence_text(result.points, 6) == "All 6 cells are measured on 512 sweep samples."


def test_an_estimate_is_called_one():
    result = make_sensitivities(3, bits=(2, 4))
    points = [replace(point, stage="sketch") for point in result.points]
    assert "estimated (second order, not measured)" in evidence_text(points, 6)


def test_cells_of_different_standing_are_counted_apart():
    points = list(make_sensitivities(3, bits=(2, 4)).points)[:5]
    points[0] = replace(points[0], samples=64)
    assert evidence_text(points, 6) == (
        "4 of 6 cells measured on 512 sweep samples; "
        "1 of 6 cells measured on 64 sweep samples so far; 1 not measured yet."
    )


def test_nothing_is_said_to_be_nothing():
    assert evidence_text([], 6) == "6 not measured yet."
