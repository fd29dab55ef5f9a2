"""From divergence to loss of the task metric: an increasing map fitted on all measured cells."""

from dataclasses import dataclass
from math import inf, isfinite, nan

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from analysis.allocation.problem import Floats
from analysis.sensitivity.points import Sensitivities, SweepSetup


@dataclass(frozen=True, slots=True, eq=False)
class DropMap:
    """Expected loss of the task metric at a divergence.

    Linear between the knots, which begin at the origin: what changes nothing loses nothing.
    Beyond the last knot nothing was measured; the map goes on along the line from the origin
    through it, which is on the safe side where losses level off, up to `most`.

    Attributes:
        divergence, drop: the knots, both increasing, (knots).
        most: the largest loss there can be.
    """

    divergence: Floats
    drop: Floats
    most: float = inf

    def at(self, divergence: ArrayLike) -> Floats:
        """Loss at each divergence, same shape."""
        x = np.asarray(divergence, float)
        inside = np.interp(x, self.divergence, self.drop)
        beyond = np.where(x > self.divergence[-1], x * self._slope, inside)
        return np.minimum(beyond, self.most)

    def divergence_at(self, drop: float) -> float:
        """The largest divergence whose loss is at most `drop`.

        Where no cell lost anything the data say nothing about larger divergences than the largest
        one measured, and that one is returned.
        """
        if drop >= self.most:
            return inf
        above = int(np.searchsorted(self.drop, drop, side="right"))
        if above < len(self.drop):
            part = (drop - self.drop[above - 1]) / (self.drop[above] - self.drop[above - 1])
            low, high = self.divergence[above - 1], self.divergence[above]
            return float(low + part * (high - low))
        return drop / self._slope if self._slope > 0 else float(self.divergence[-1])

    @property
    def _slope(self) -> float:
        """Loss a unit of divergence at the last knot; 0 when there is only the origin."""
        last = float(self.divergence[-1])
        return float(self.drop[-1]) / last if last > 0 else 0.0


def fit_drops(result: Sensitivities) -> DropMap | None:
    """Isotonic least squares over the measured cells, weighted by samples.

    None where no cell has the task metric: without labels, and from a sketch alone.

    One cell's loss is noisy (one sample of 500 is 0.2 percentage points), the divergence is not;
    pooling neighbours until the losses increase averages that noise away (Barlow and Brunk,
    JASA 67, 1972). Each pool becomes one knot at its mean divergence; pools below 0 become 0.
    """
    setup = result.setup
    metric = setup.metric
    if metric is None:
        return None
    reference = setup.reference[metric]
    worse = 1.0 if setup.direction == "higher" else -1.0
    rows = [
        (point.divergence, worse * (reference - point.metrics[metric]), point.samples)
        for point in result.points
        if isfinite(point.metrics.get(metric, nan)) and isfinite(point.divergence)
    ]
    if not rows:
        return None
    return drop_map(np.array(rows, float), most=most_drop(setup))


def most_drop(setup: SweepSetup) -> float:
    """The largest loss there can be: a share cannot fall below 0."""
    reference = setup.reference.get(setup.metric or "", inf)
    shares = setup.direction == "higher" and 0 <= reference <= 1
    return reference if shares else inf


def drop_map(rows: Floats, most: float) -> DropMap:
    """The increasing map through rows of divergence, loss and weight, (rows, 3)."""
    knots = _pools(rows)
    return DropMap(knots[:, 0], knots[:, 1], most=most)


def _pools(rows: Floats) -> Floats:
    """Knots (divergence, loss) from rows of divergence, loss and weight; the origin first."""
    divergences, places = np.unique(rows[:, 0], return_inverse=True)
    weights = np.bincount(places, rows[:, 2])
    losses = np.bincount(places, rows[:, 2] * rows[:, 1]) / weights
    fitted = isotonic_regression(losses, weights=weights)
    starts = fitted.blocks[:-1]
    pooled = np.add.reduceat(weights * divergences, starts) / np.add.reduceat(weights, starts)
    lost = np.round(fitted.x[starts], 12)  # gains and losses that cancel leave 1e-17 behind
    knots = np.stack([pooled, np.maximum(0.0, lost)], axis=1)
    return np.concatenate([np.zeros((1, 2)), knots[pooled > 0]])
