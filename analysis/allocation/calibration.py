"""Predictions made right by a few recipes that were measured.

A surrogate ranks recipes well and is off in its level, by a factor that changes slowly along the
frontier (METHODS 2, items 3 and 5). Two numbers mend most of that: log measured = intercept +
slope * log predicted, by least squares over the measured points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isfinite, log

import numpy as np
from scipy.stats import t as student

from analysis.allocation.drops import DropMap, drop_map
from analysis.allocation.problem import Floats
from analysis.allocation.surrogates.surrogate import SurrogateName
from analysis.errors import OptionError

LEVEL = 0.90
PRIOR_SCATTER, PRIOR_POINTS = 0.05, 2
"""A scatter of about 5 % is what pairwise estimates show on small nets; it counts as much as two
points, because the scatter of eight alone is sometimes small by luck."""

FEWEST = 3
"""Two numbers are fitted, and one more point tells how well."""


@dataclass(frozen=True, slots=True)
class CalibrationPoint:
    """One recipe of the frontier, predicted and measured.

    Attributes:
        predicted: the surrogate's estimate.
        measured: divergence on the sweep set, `low`..`high` its 95 % interval.
        drop: loss of the task metric there; None without labels.
        samples: of the sweep set.
    """

    weight_bytes: int
    bops: int
    predicted: float
    measured: float
    low: float
    high: float
    drop: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A corrected prediction with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The line through the measured points, on logarithmic scales.

    Attributes:
        surrogate: whose estimates it corrects.
        points: the measured points, by rising bytes.
        intercept, slope: of the line.
        scatter: root mean square distance of each point from the line through the others (the
            plain residuals of so few points are too small for an interval), with a prior.
        center, spread: mean of log predicted, and sum of its squared distances from there.
        most: the largest loss of the task metric there can be.
    """

    surrogate: SurrogateName
    points: tuple[CalibrationPoint, ...]
    intercept: float
    slope: float
    scatter: float
    center: float
    spread: float
    most: float = inf

    def predict(self, divergence: float) -> Calibrated:
        """Correct the surrogate's estimate for a recipe that was not measured.

        The interval is that of a new observation on a fitted line (Student's t); it widens away
        from the measured points. An estimate of 0 stays 0: nothing is quantised there.
        """
        if divergence <= 0:
            return Calibrated(0.0, 0.0, 0.0)
        away = log(divergence) - self.center
        value = self.intercept + self.slope * log(divergence)
        count = len(_usable(self.points))
        widened = (1 + 1 / count + away**2 / self.spread) ** 0.5
        half = float(student.ppf((1 + LEVEL) / 2, count - 2)) * self.scatter * widened
        return Calibrated(exp(value), exp(value - half), exp(value + half))

    def drop(self, divergence: float) -> float | None:
        """Expected loss of the task metric at the surrogate's estimate; None without labels."""
        known = self.drops()
        return None if known is None else float(known.at(self.predict(divergence).value))

    def drops(self) -> DropMap | None:
        """From measured divergence to loss: isotonic through the points; None without labels."""
        rows = [(p.measured, p.drop, p.samples) for p in self.points if p.drop is not None]
        return drop_map(np.array(rows, float), self.most) if rows else None


def calibrate_prediction(
    points: Sequence[CalibrationPoint],
    *,
    surrogate: SurrogateName = "additive",
    most: float = inf,
) -> Calibration:
    """Fit the line.

    Args:
        points: recipes that were predicted and measured, best spread over the whole frontier.
        surrogate: whose estimates they carry.
        most: the largest loss of the task metric there can be.

    Raises:
        OptionError: fewer than three points with different estimates that lose anything.
    """
    usable = _usable(points)
    x = np.log([point.predicted for point in usable])
    if len(np.unique(x)) < FEWEST:
        raise OptionError(
            f"A calibration needs {FEWEST} measured recipes that lose something, each with another "
            f"prediction, and there are {len(np.unique(x))}; sweep more widths."
        )
    y = np.log([point.measured for point in usable])
    center = float(x.mean())
    spread = float(np.square(x - center).sum())
    slope = float(((x - center) * (y - y.mean())).sum() / spread)
    intercept = float(y.mean()) - slope * center
    leverage = 1 / len(x) + np.square(x - center) / spread
    left_out = (y - (intercept + slope * x)) / (1 - leverage)
    return Calibration(
        surrogate=surrogate,
        points=tuple(sorted(points, key=lambda point: (point.weight_bytes, point.bops))),
        intercept=intercept,
        slope=slope,
        scatter=_scatter(left_out),
        center=center,
        spread=spread,
        most=most,
    )


def _scatter(left_out: Floats) -> float:
    """Root mean square of the distances, with the prior."""
    total = float(np.square(left_out).sum()) + PRIOR_POINTS * PRIOR_SCATTER**2
    return float((total / (len(left_out) + PRIOR_POINTS)) ** 0.5)


def _usable(points: Sequence[CalibrationPoint]) -> list[CalibrationPoint]:
    """Points that have a logarithm."""
    return [p for p in points if p.predicted > 0 and p.measured > 0 and isfinite(p.measured)]
