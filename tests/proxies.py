"""Made-up proxies of a made-up sweep."""

from collections.abc import Callable
from zlib import crc32

from analysis.sensitivity.points import Sensitivities, SweepPoint
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult


def made_up_proxy(
    result: Sensitivities, name: str, figure: Callable[[SweepPoint], float]
) -> ProxyResult:
    """One proxy of every weight cell."""
    points = result.of("weight")
    values = tuple((point.cell, figure(point)) for point in points)
    return ProxyResult(name, values, 1.5, samples=result.setup.samples)


def made_up_proxies(result: Sensitivities) -> tuple[ProxyResult, ...]:
    """All of them, each wrong about other layers, the later ones of the catalogue more so."""
    found = []
    for place, name in enumerate(PROXIES):
        figures = {
            p.cell: PROXIES[name].sign * p.divergence * _error(name, p.layer) ** place
            for p in result.of("weight")
        }
        found.append(made_up_proxy(result, name, lambda p, known=figures: known[p.cell]))  # type: ignore[misc]
    return tuple(found)


def _error(name: str, layer: str) -> float:
    """A factor of a layer, from 1/2 to 2, the same at all widths."""
    return float(2.0 ** (crc32(f"{name} {layer}".encode()) / 2**31 - 1))
