from dataclasses import replace
from math import inf, isnan

import numpy as np
import pytest

from analysis.charts.frame import alt_text
from analysis.charts.runs import delta_heatmap, delta_info
from analysis.sensitivity.points import Sensitivities
from tests.sensitivities import make_sensitivities


def scaled(result: Sensitivities, factor: float) -> Sensitivities:
    points = tuple(replace(p, divergence=factor * p.divergence) for p in result.points)
    return replace(result, points=points)


def test_ratios_are_second_over_first() -> None:
    result = make_sensitivities(3)
    info = delta_info(result, scaled(result, 3.0), "weight")
    assert np.allclose(info.ratios, 3.0)
    assert np.allclose(info.shares, 1.0)


def test_equal_sweeps_are_grey_everywhere() -> None:
    result = make_sensitivities(3)
    info = delta_info(result, result, "weight")
    assert np.allclose(info.shares, 0.5)
    assert info.span >= 1


def test_cells_of_one_sweep_alone_are_empty() -> None:
    narrow, wide = make_sensitivities(2, bits=(4, 8)), make_sensitivities(3, bits=(2, 4))
    info = delta_info(narrow, wide, "weight")
    assert info.grid.bits == (2, 4)
    assert np.isnan(info.ratios[:, 0]).all()
    assert [(p.layer, p.bits) for _, _, p in info.grid.points] == [("stem", 4), ("head", 4)]


@pytest.mark.parametrize(
    ("old", "new", "ratio"), [(0.0, 0.0, 1.0), (0.0, 0.5, inf), (0.5, 0.0, 0.0)]
)
def test_zeros_have_ratios(old: float, new: float, ratio: float) -> None:
    result = make_sensitivities(1, bits=(4,))
    first, second = (
        replace(result, points=(replace(result.points[0], divergence=value),))
        for value in (old, new)
    )
    info = delta_info(first, second, "weight")
    assert info.ratios.item() == ratio
    assert 0 <= info.shares.item() <= 1
    assert "cells: " in alt_text(delta_heatmap(first, second, "weight"))


def test_clicks_name_layer_and_bits() -> None:
    result = make_sensitivities(2, bits=(4, 8))
    overlay = delta_heatmap(result, scaled(result, 2.0), "weight").data[-1]
    assert [list(row) for row in overlay.customdata] == [[p.layer, p.bits] for p in result.points]
    assert "×2.0" in overlay.hovertext[0]


def test_nothing_in_common_draws() -> None:
    figure = delta_heatmap(make_sensitivities(2), make_sensitivities(2), "activation")
    assert "no cell in common" in alt_text(figure)


def test_three_hundred_layers_draw() -> None:
    result = make_sensitivities(300)
    assert len(delta_heatmap(result, scaled(result, 0.5), "weight").to_json()) < 160 * 1024
    assert not any(isnan(x) for x in delta_info(result, result, "weight").shares.flat)
