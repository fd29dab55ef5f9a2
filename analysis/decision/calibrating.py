"""A few recipes of the frontier, measured, so that the rest can be predicted."""

from collections.abc import Generator

import numpy as np

from analysis.allocation.calibration import (
    FEWEST,
    Calibration,
    CalibrationPoint,
    calibrate_prediction,
)
from analysis.allocation.drops import most_drop
from analysis.allocation.estimates import best_estimate
from analysis.allocation.frontier import FrontierPoint, frontier
from analysis.allocation.options import decision_groups
from analysis.allocation.posed import picks_of
from analysis.decision.trials import Trials
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities

POINTS = 8


def calibrating(
    trials: Trials, result: Sensitivities, interactions: Interactions | None
) -> Generator[str, None, Calibration | None]:
    """Measure recipes spread evenly over the frontier's vertices, and fit the line.

    Yields:
        What is done next, before each run.

    Returns:
        None where fewer than three recipes of the frontier lose anything.
    """
    groups = decision_groups(result, {})
    surrogate = best_estimate(result, groups, interactions)
    points: list[CalibrationPoint] = []
    for vertex in spread(frontier(result)):
        recipe = vertex.recipe
        yield "measuring the frontier"
        found = trials.measurement(recipe)
        points.append(
            CalibrationPoint(
                weight_bytes=vertex.weight_bytes,
                bops=vertex.bops,
                predicted=surrogate.value(picks_of(groups, recipe)),
                measured=found.divergence,
                low=found.low,
                high=found.high,
                drop=found.drop,
                samples=found.samples,
            )
        )
    lossy = {point.predicted for point in points if point.predicted > 0 < point.measured}
    if len(lossy) < FEWEST:
        return None
    return calibrate_prediction(points, surrogate=surrogate.name, most=most_drop(result.setup))


def spread(vertices: tuple[FrontierPoint, ...]) -> tuple[FrontierPoint, ...]:
    """At most `POINTS` of the vertices that lose something, first and last included."""
    lossy = [vertex for vertex in vertices if vertex.divergence > 0]
    if not lossy:
        return ()
    places = np.unique(np.linspace(0, len(lossy) - 1, POINTS).round().astype(int))
    return tuple(lossy[place] for place in places)
