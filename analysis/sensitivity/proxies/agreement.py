"""How far the rankings of proxies agree with the measured one; torch-free."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from scipy.stats import spearmanr

from analysis.sensitivity.points import Cell, Sensitivities, SweepPoint
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.values import ProxyResult

INFLATED = (
    "over all cells and widths: inflated, because fewer bits hurt more in any layer and any figure"
)
"""What to say beside a rank correlation over all cells."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Spearman's rank correlation of a proxy with measured divergences.

    Attributes:
        bits: the width at which the layers are ranked; None for all cells together, see `INFLATED`.
        spearman: 1 where the proxy ranks as the measurement does; None where one of the two has
            no order (fewer than two cells, or all equal).
        cells: ranked; within one width these are layers.
    """

    bits: int | None
    spearman: float | None
    cells: int


@dataclass(frozen=True, slots=True)
class ProxyAgreement:
    """How far one proxy agrees with the measurement.

    Attributes:
        within: one a bit-width, ascending; the figures that decide where bits go. Empty where the
            proxy was left out or nothing is measured.
        overall: over all cells; None likewise.
    """

    proxy: ProxyResult
    within: tuple[Agreement, ...]
    overall: Agreement | None

    @property
    def median(self) -> float | None:
        """Median over the widths that have an order."""
        known = [found.spearman for found in self.within if found.spearman is not None]
        return median(known) if known else None

    @property
    def layers(self) -> int:
        """Ranked layers, at the width that has most of them."""
        return max((found.cells for found in self.within), default=0)


def rank_agreement(result: Sensitivities, proxy: ProxyResult) -> ProxyAgreement:
    """Compare the ranking of the layers by a proxy with the one by measured divergence.

    Cells that a sketch only estimated do not count as measured, nor do those whose divergence
    overflowed.
    """
    sign = PROXIES[proxy.name].sign
    figures = {cell: sign * value for cell, value in proxy.values}
    points = [point for point in measured_weights(result) if point.cell in figures]
    if not points:
        return ProxyAgreement(proxy, (), None)
    within = [
        _agreement(bits, [point for point in points if point.bits == bits], figures)
        for bits in sorted({point.bits for point in points})
    ]
    return ProxyAgreement(proxy, tuple(within), _agreement(None, points, figures))


def measured_weights(result: Sensitivities) -> tuple[SweepPoint, ...]:
    """The weight cells that a proxy can be held against."""
    points = result.leading("weight")
    return tuple(p for p in points if p.stage != "sketch" and np.isfinite(p.divergence))


def ranked_proxies(
    result: Sensitivities, found: Sequence[ProxyResult]
) -> tuple[ProxyAgreement, ...]:
    """All of them, the one that agrees best first; those without a figure last."""
    rows = [rank_agreement(result, proxy) for proxy in found]
    return tuple(sorted(rows, key=lambda row: np.inf if row.median is None else -row.median))


FEW = 8


def few_layers(layers: int) -> str:
    """What to say where a rank correlation is coarse; "" where it is not.

    Two neighbours that change places lower Spearman's coefficient by 12 / (n (n^2 - 1)).
    """
    if not 2 <= layers <= FEW:
        return ""
    swap = 12 / (layers * (layers**2 - 1))
    return f"With {layers} layers, two neighbours that change places already cost {swap:.2f}."


def _agreement(
    bits: int | None, points: Sequence[SweepPoint], figures: Mapping[Cell, float]
) -> Agreement:
    measured = [point.divergence for point in points]
    guessed = [figures[point.cell] for point in points]
    ordered = len(set(measured)) > 1 and len(set(guessed)) > 1
    value = float(spearmanr(guessed, measured).statistic) if ordered else None
    return Agreement(bits, value, len(points))
