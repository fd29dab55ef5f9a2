"""How sure a ranking of layers is, told from the intervals of its points."""

from dataclasses import dataclass
from itertools import pairwise

from analysis.sensitivity.points import Sensitivities, SweepPoint, Target


@dataclass(frozen=True, slots=True)
class RankCertainty:
    """How many places of a ranking its intervals settle.

    Attributes:
        bits: width at which the layers are ranked.
        layers: ranked layers.
        settled: layers whose 95 % interval overlaps neither neighbour in the ranking.
        top_settled: whether the interval of the most sensitive layer lies above the next one.
        worst: names of the layers, most sensitive first.
    """

    bits: int
    layers: int
    settled: int
    top_settled: bool
    worst: tuple[str, ...]


def rank_certainty(result: Sensitivities, target: Target, bits: int) -> RankCertainty:
    """Rank the layers by divergence at one width and count the places the intervals settle.

    Disjoint 95 % intervals of neighbours are a stricter test than a paired difference would be:
    the count errs on the side of doubt.
    """
    points = [point for point in result.of(target) if point.bits == bits]
    ranked = sorted(points, key=lambda point: -point.divergence)
    apart = [_above(upper, lower) for upper, lower in pairwise(ranked)]
    sides = zip([True, *apart], [*apart, True], strict=True) if ranked else ()
    return RankCertainty(
        bits=bits,
        layers=len(ranked),
        settled=sum(before and after for before, after in sides),
        top_settled=all(apart[:1]),
        worst=tuple(point.layer for point in ranked),
    )


def _above(upper: SweepPoint, lower: SweepPoint) -> bool:
    return upper.low > lower.high
