import json
from math import inf

from analysis.sensitivity.proxies.agreement import INFLATED, rank_agreement
from analysis.sensitivity.proxies.document import agreement_row, proxies_document, proxy_rows
from analysis.sensitivity.proxies.values import ProxyResult
from tests.proxies import made_up_proxy
from tests.sensitivities import make_sensitivities

LAYERS = 9
MEASURED = make_sensitivities(LAYERS, bits=(2, 4), target="both")


def test_each_proxy_has_a_row_best_first():
    bad = made_up_proxy(MEASURED, "weight_mse", lambda p: -p.divergence)
    good = made_up_proxy(MEASURED, "gradient_output", lambda p: p.divergence)
    left_out = ProxyResult("hessian_trace", (), 0.0, note="Left out: no backward.")
    document = proxies_document(MEASURED, [left_out, bad, good])
    assert document["all_cells"] == INFLATED
    rows = document["agreement"]
    assert isinstance(rows, list)
    assert [row["proxy"] for row in rows] == ["gradient_output", "weight_mse", "hessian_trace"]
    assert [row["median"] for row in rows] == [1.0, -1.0, None]
    assert rows[0]["within"] == [
        {"bits": bits, "spearman": 1.0, "layers": LAYERS} for bits in (2, 4)
    ]
    assert (rows[2]["within"], rows[2]["all_cells"]) == ([], None)
    assert rows[2]["note"] == "Left out: no backward."
    assert json.loads(json.dumps(document)) == document


def test_the_figure_over_all_cells_stands_beside_and_not_among_the_widths():
    proxy = made_up_proxy(MEASURED, "weight_mse", lambda p: 4.0**-p.bits)
    row = agreement_row(rank_agreement(MEASURED, proxy))
    assert [found["spearman"] for found in row["within"]] == [None, None]  # type: ignore[attr-defined]
    assert row["median"] is None
    assert isinstance(row["all_cells"], float)
    assert row["all_cells"] > 0.3


def test_every_figure_is_a_row_that_names_its_cell():
    proxy = made_up_proxy(MEASURED, "weight_sqnr_db", lambda p: inf if p.bits == 4 else 3.0)
    rows = list(proxy_rows([proxy]))
    assert len(rows) == 2 * LAYERS
    assert rows[0] == {
        "proxy": "weight_sqnr_db",
        "layer": MEASURED.layers[0].name,
        "bits": 2,
        "label": proxy.values[0][0].label,
        "value": 3.0,
    }
    assert rows[1]["value"] == inf
