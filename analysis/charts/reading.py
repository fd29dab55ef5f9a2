"""Which figure of a sweep point is drawn: its divergence, or one of its metrics."""

from dataclasses import dataclass
from math import nan

from analysis.charts.numerals import (
    DIVERGENCES,
    SPACE,
    metric_scale,
    metric_unit,
    range_text,
    short,
)
from analysis.sensitivity.points import SweepPoint, SweepSetup

DIVERGENCE = "divergence"


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of every point.

    Attributes:
        name: ``divergence``, or the name of a metric.
        title: what it is, with its unit.
        factor: 100 for a metric that is printed in percent, else 1.
        low_is_worse: which end of the scale is bad.
    """

    name: str
    title: str
    factor: float
    low_is_worse: bool

    @property
    def is_divergence(self) -> bool:
        """Whether the scale is logarithmic and points have intervals."""
        return self.name == DIVERGENCE

    def of(self, point: SweepPoint) -> float:
        """The figure in the unit of the title; NaN when the point lacks the metric."""
        if self.is_divergence:
            return point.divergence
        return self.factor * point.metrics.get(self.name, nan)

    def text(self, point: SweepPoint) -> str:
        """The figure with its interval, where it has one, and the spec, as hover text."""
        number = short(self.of(point), 3)
        if self.is_divergence:
            number += f"<br>95{SPACE}% interval {range_text(point.low, point.high)}"
        return f"{number}<br>{point.label}"


def reading(setup: SweepSetup, name: str) -> Reading:
    """How to read `name` from the points of a sweep."""
    if name == DIVERGENCE:
        return Reading(name, DIVERGENCES[setup.divergence], 1.0, low_is_worse=False)
    return Reading(name, metric_unit(name), metric_scale(name), setup.direction == "higher")


def seen(samples: int, total: int) -> str:
    """On how many sweep samples a point stands."""
    return f"on {samples:,}{'' if samples == total else f' of {total:,}'} sweep samples"
