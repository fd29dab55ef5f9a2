"""What to propose without being asked."""

from dataclasses import dataclass

import numpy as np

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget, Choice
from analysis.allocation.drops import fit_drops
from analysis.allocation.frontier import FrontierPoint, frontier
from analysis.allocation.predict import to_choice
from analysis.errors import InfeasibleBudgetError
from analysis.hardware.profile import HardwareProfile
from analysis.sensitivity.points import Sensitivities

ALLOWED_LOSS = 0.01
"""One percentage point of a share, or one per cent of any other metric."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A proposed recipe, and in one sentence why this one."""

    choice: Choice
    reason: str


def recommend(result: Sensitivities, *, profile: HardwareProfile | None = None) -> Choice:
    """The recipe of `recommendation`, without its reason."""
    return recommendation(result, profile=profile).choice


def recommendation(
    result: Sensitivities, *, profile: HardwareProfile | None = None
) -> Recommendation:
    """The smallest recipe that should hardly be noticed.

    With measured task metrics: the smallest whose predicted loss of the task metric is at most
    one percentage point (one per cent of the float figure for a metric that is no share); where
    no recipe is predicted to reach that, the one of least divergence. Without them (no labels, or
    only a sketch): the knee of the frontier, the point farthest below the straight line from its
    first to its last point, in bytes against the logarithm of the divergence.

    Args:
        result: a sweep.
        profile: hardware whose kernels must take every option.

    Raises:
        OptionError: too little is measured yet, or nothing that the profile takes.
    """
    if fit_drops(result) is None:
        return _knee(result, profile)
    allowed, words = allowed_loss(result)
    try:
        choice = allocate(result, Budget(max_drop=allowed), profile=profile)
    except InfeasibleBudgetError:
        best = frontier(result, profile=profile)[-1].recipe
        return Recommendation(
            to_choice(result, best),
            f"No recipe of the swept widths is predicted to lose at most {words}; this one has the "
            "least predicted divergence.",
        )
    return Recommendation(choice, f"The smallest recipe that is predicted to lose at most {words}.")


def allowed_loss(result: Sensitivities) -> tuple[float, str]:
    """The loss that counts as small, and how to say it."""
    metric = result.setup.metric or ""
    reference = result.setup.reference[metric]
    if 0 <= reference <= 1:
        return ALLOWED_LOSS, f"1 percentage point of {metric}"
    return ALLOWED_LOSS * abs(reference), f"1 % of {metric}"


def _knee(result: Sensitivities, profile: HardwareProfile | None) -> Recommendation:
    """The frontier's knee on a logarithmic scale, where an exact recipe has no place."""
    points = frontier(result, profile=profile)
    lossy = [point for point in points if point.divergence > 0] or [points[0]]
    return Recommendation(
        to_choice(result, lossy[_farthest_below(lossy)].recipe),
        "The knee of the frontier: beyond it a byte buys less. No cell was measured with a task "
        "metric (no labels, or only a sketch), so no loss of it can be predicted.",
    )


def _farthest_below(points: list[FrontierPoint]) -> int:
    """Index of the point farthest below the chord from first to last."""
    x = np.array([point.weight_bytes for point in points], float)
    y = np.log([point.divergence for point in points]) if len(points) > 1 else np.zeros(1)
    if len(points) < 3:
        return len(points) - 1
    chord = y[0] + (x - x[0]) / (x[-1] - x[0]) * (y[-1] - y[0])
    return int(np.argmax(chord - y))
