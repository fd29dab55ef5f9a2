from dataclasses import replace
from math import inf

import pytest
from scipy.stats import spearmanr

from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.proxies.agreement import (
    few_layers,
    measured_weights,
    rank_agreement,
    ranked_proxies,
)
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult
from tests.proxies import made_up_proxy
from tests.sensitivities import make_sensitivities

LAYERS = 9


@pytest.fixture
def measured() -> Sensitivities:
    return make_sensitivities(LAYERS, bits=(2, 4), target="both")


def test_the_measurement_itself_agrees_fully_within_each_width(measured):
    proxy = made_up_proxy(measured, "weight_mse", lambda p: p.divergence**0.5)
    found = rank_agreement(measured, proxy)
    assert [(a.bits, a.cells) for a in found.within] == [(2, LAYERS), (4, LAYERS)]
    assert [a.spearman for a in found.within] == pytest.approx([1.0, 1.0])
    assert found.median == pytest.approx(1.0)
    assert found.layers == LAYERS
    assert found.overall is not None
    assert (found.overall.bits, found.overall.cells) == (None, 2 * LAYERS)
    assert found.overall.spearman == pytest.approx(1.0)


def test_a_ratio_in_decibels_agrees_when_it_falls(measured):
    proxy = made_up_proxy(measured, "weight_sqnr_db", lambda p: -p.divergence)
    found = rank_agreement(measured, proxy)
    assert [a.spearman for a in found.within] == pytest.approx([1.0, 1.0])
    assert PROXIES["weight_sqnr_db"].sign == -1


def test_a_proxy_that_knows_only_the_width_looks_good_over_all_cells(measured):
    worst = {p.layer: p.divergence for p in measured.of("weight") if p.bits == 2}
    by_layer = sorted(worst, key=lambda name: -worst[name])
    proxy = made_up_proxy(
        measured, "weight_mse", lambda p: 100.0 / p.bits**9 + by_layer.index(p.layer) * 1e-6
    )
    found = rank_agreement(measured, proxy)
    assert found.within[0].spearman == pytest.approx(-1.0)
    assert found.overall is not None
    assert found.overall.spearman is not None
    assert found.overall.spearman > 0.3


def test_equal_figures_have_no_order_and_infinite_ones_have(measured):
    flat = rank_agreement(measured, made_up_proxy(measured, "weight_mse", lambda p: 1.0))
    assert [a.spearman for a in flat.within] == [None, None]
    assert flat.median is None
    half = made_up_proxy(measured, "weight_mse", lambda p: inf if p.bits == 2 else p.divergence)
    found = rank_agreement(measured, half)
    assert found.within[1].spearman == pytest.approx(1.0)
    assert found.median == pytest.approx(1.0)


def test_a_proxy_that_was_left_out_agrees_with_nothing(measured):
    left_out = ProxyResult("hessian_trace", (), 0.0, note="Left out: no backward.")
    found = rank_agreement(measured, left_out)
    assert (found.within, found.overall, found.median, found.layers) == ((), None, None, 0)


def test_cells_that_were_only_estimated_are_no_measurement(measured):
    points = tuple(replace(p, stage="sketch") if p.bits == 2 else p for p in measured.points)
    partly = replace(measured, points=points)
    proxy = made_up_proxy(measured, "weight_mse", lambda p: p.divergence)
    assert [a.bits for a in rank_agreement(partly, proxy).within] == [4]
    assert {p.bits for p in measured_weights(partly)} == {4}
    none = replace(measured, points=tuple(replace(p, stage="sketch") for p in points))
    assert rank_agreement(none, proxy).within == ()


def test_overflowed_divergences_are_left_out(measured):
    first = measured.points[0]
    points = (replace(first, divergence=inf), *measured.points[1:])
    proxy = made_up_proxy(measured, "weight_mse", lambda p: p.divergence)
    found = rank_agreement(replace(measured, points=points), proxy)
    assert [a.cells for a in found.within] == [LAYERS - 1, LAYERS]


def test_the_best_comes_first_and_what_has_no_figure_last(measured):
    rows = ranked_proxies(
        measured,
        [
            ProxyResult("hessian_trace", (), 0.0),
            made_up_proxy(measured, "weight_mse", lambda p: -p.divergence),
            made_up_proxy(measured, "gradient_output", lambda p: p.divergence),
        ],
    )
    assert [row.proxy.name for row in rows] == ["gradient_output", "weight_mse", "hessian_trace"]


@pytest.mark.parametrize("layers", [2, 3, 6])
def test_few_layers_are_told_what_a_swap_costs(layers):
    ranks = list(range(layers))
    swapped = [1, 0, *ranks[2:]]
    cost = 1 - spearmanr(ranks, swapped).statistic
    assert f"already cost {cost:.2f}." in few_layers(layers)
    assert few_layers(40) == few_layers(1) == ""


def test_every_proxy_says_what_it_is():
    for proxy in PROXIES.values():
        assert proxy.title
        assert proxy.formula
        assert proxy.source
        assert proxy.cost
