import numpy as np
import pytest

from analysis.charts.errors import error_histogram
from analysis.charts.frame import alt_text
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import Histogram, SpecEffect
from analysis.trials import SpecLook


def look(label: str, *counts: int, low: float = -0.5, high: float = 0.5) -> SpecLook:
    effect = SpecEffect(QuantSpec.parse(label), 20.0, 0.0, (0.1, 0.1), (0.0, 0.1))
    return SpecLook(effect, Histogram(low, high, counts), (0.1,), sum(counts), sum(counts))


def area(trace) -> float:
    return float(np.trapezoid(trace.y, trace.x))


def test_outlines_have_area_one_whatever_their_bins():
    first = look("int4 asym per-channel minmax", 1, 2, 1)
    second = look("int8 asym per-channel minmax", 5, 5, low=-0.1, high=0.1)
    figure = error_histogram([first, second])
    assert [area(trace) for trace in figure.data] == pytest.approx([1.0, 1.0])
    assert figure.data[0].line.dash != figure.data[1].line.dash


def test_the_sentence_names_the_specs_and_their_noise():
    figure = error_histogram([look("int4 asym per-channel minmax", 1, 1)])
    assert "int4 asym per-channel minmax" in alt_text(figure)
    assert "20.0" in alt_text(figure)


def test_no_error_at_all_is_a_block_at_zero():
    figure = error_histogram([look("int16 asym per-channel minmax", 7, low=0.0, high=0.0)])
    assert np.isfinite(figure.data[0].y).all()
    assert area(figure.data[0]) == pytest.approx(1.0)
