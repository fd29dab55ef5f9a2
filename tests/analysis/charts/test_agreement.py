from dataclasses import replace

import pytest

from analysis.charts.agreement import agreement_info, proxy_agreement
from analysis.charts.frame import alt_text
from analysis.charts.palette import bits_colour
from analysis.sensitivity.proxies.agreement import ranked_proxies
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult
from tests.proxies import made_up_proxies, made_up_proxy
from tests.sensitivities import make_sensitivities

MEASURED = make_sensitivities(9, bits=(2, 4, 8))
RANKED = ranked_proxies(MEASURED, made_up_proxies(MEASURED))


def test_each_proxy_has_its_figures_best_first() -> None:
    info = agreement_info(RANKED)
    assert {row.name for row in info} == set(PROXIES)
    medians = [row.median for row in info]
    assert medians == sorted(medians, reverse=True)
    assert info[0].name == "fisher_sketch"
    assert [(bits, layers) for bits, _, layers in info[0].figures] == [(2, 9), (4, 9), (8, 9)]
    assert [value for _, value, _ in info[0].figures] == pytest.approx([1.0, 1.0, 1.0])


def test_a_proxy_without_a_figure_has_no_row() -> None:
    flat = made_up_proxy(MEASURED, "weight_mse", lambda p: 1.0)
    gone = ProxyResult("hessian_trace", (), 0.0, note="Left out.")
    assert agreement_info(ranked_proxies(MEASURED, [flat, gone])) == ()


def test_there_is_a_colour_a_width_and_a_dot_a_proxy() -> None:
    figure = proxy_agreement(RANKED)
    medians, *dots = figure.data
    assert [trace.marker.color for trace in dots] == [bits_colour(bits) for bits in (2, 4, 8)]
    assert all(len(trace.x) == len(PROXIES) for trace in dots)
    assert list(medians.x[::3]) == [row.median for row in agreement_info(RANKED)]
    tops = [list(trace.y) for trace in dots]
    assert all(first < second for first, second in zip(tops[0], tops[1], strict=True))
    assert all(abs(y - place) < 0.5 for trace in dots for place, y in enumerate(trace.y))


def test_the_axis_reaches_a_correlation_that_is_negative() -> None:
    wrong = made_up_proxy(MEASURED, "weight_mse", lambda p: -p.divergence)
    assert proxy_agreement(ranked_proxies(MEASURED, [wrong])).layout.xaxis.range[0] <= -1
    assert proxy_agreement(RANKED[:1]).layout.xaxis.range[0] > -0.2


def test_the_description_tells_the_medians() -> None:
    words = alt_text(proxy_agreement(RANKED))
    assert all(proxy.title in words for proxy in PROXIES.values())
    assert "Fisher sketch 1.00" in words
    one_width = replace(MEASURED, points=tuple(p for p in MEASURED.points if p.bits == 4))
    figure = proxy_agreement(ranked_proxies(one_width, made_up_proxies(one_width)))
    assert list(figure.data[1].y) == list(range(len(PROXIES)))
    assert "none yet" in alt_text(proxy_agreement(()))
