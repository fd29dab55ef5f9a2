"""Proxies in the document of ``sweep --json``; torch-free."""

from collections.abc import Iterator, Sequence

from analysis.sensitivity.points import Sensitivities
from analysis.sensitivity.proxies.agreement import INFLATED, ProxyAgreement, ranked_proxies
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult


def proxies_document(measured: Sensitivities, found: Sequence[ProxyResult]) -> dict[str, object]:
    """What stands under "proxies": rank correlations, best first, and every figure."""
    return {
        "agreement": [agreement_row(row) for row in ranked_proxies(measured, found)],
        "all_cells": INFLATED,
        "values": list(proxy_rows(found)),
    }


def agreement_row(found: ProxyAgreement) -> dict[str, object]:
    """One proxy: a rank correlation a width, their median, and the one over all cells beside."""
    within = [
        {"bits": row.bits, "spearman": row.spearman, "layers": row.cells} for row in found.within
    ]
    overall = found.overall
    return {
        "proxy": found.proxy.name,
        "title": PROXIES[found.proxy.name].title,
        "within": within,
        "median": found.median,
        "layers": found.layers,
        "all_cells": None if overall is None else overall.spearman,
        "samples": found.proxy.samples,
        "seconds": found.proxy.seconds,
        "note": found.proxy.note,
    }


def proxy_rows(found: Sequence[ProxyResult]) -> Iterator[dict[str, object]]:
    """One row a proxy and cell."""
    for proxy in found:
        for cell, value in proxy.values:
            yield {
                "proxy": proxy.name,
                "layer": cell.layer,
                "bits": cell.spec.bits,
                "label": cell.label,
                "value": value,
            }
