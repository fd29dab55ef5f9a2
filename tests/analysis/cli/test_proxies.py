from dataclasses import replace

from analysis.cli.proxies import proxies_text
from analysis.sensitivity.proxies.agreement import INFLATED
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult
from tests.proxies import made_up_proxies, made_up_proxy
from tests.sensitivities import make_sensitivities

MEASURED = make_sensitivities(7, bits=(2, 4))


def test_each_proxy_has_a_line_with_a_figure_a_width_best_first() -> None:
    text = proxies_text(MEASURED, made_up_proxies(MEASURED)[::-1])
    header, first, *_ = text.splitlines()
    assert " ".join(header.split()) == "proxy median 2 bits 4 bits all cells CPU s"
    assert first.startswith(PROXIES["fisher_sketch"].title)
    assert first.split()[-5:] == ["1.00", "1.00", "1.00", "1.00", "1.5"]
    assert all(proxy.title in text for proxy in PROXIES.values())
    assert "of 7 layers within each width" in text
    assert "measured on 512 sweep samples" in text
    assert INFLATED in text


def test_a_proxy_that_was_left_out_says_why() -> None:
    known = made_up_proxy(MEASURED, "weight_mse", lambda p: p.divergence)
    left_out = ProxyResult("hessian_trace", (), 0.0, note="Left out: no backward.")
    text = proxies_text(MEASURED, [left_out, known])
    row = next(line for line in text.splitlines() if line.startswith("Hessian trace"))
    assert row.split()[-5:-1] == ["–"] * 4
    assert "Hessian trace (HAWQ-V2): Left out: no backward." in text


def test_a_sketch_alone_measures_nothing_to_compare_with() -> None:
    points = tuple(replace(point, stage="sketch") for point in MEASURED.points)
    only = replace(MEASURED, points=points)
    assert "--method sampled" in proxies_text(only, made_up_proxies(only))
