"""From a largest loss of the task metric to a limit that a search can keep."""

from dataclasses import dataclass, replace
from math import ceil, inf
from typing import Literal

import numpy as np

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.calibration import Calibration
from analysis.allocation.case import Case
from analysis.allocation.estimates import best_estimate
from analysis.allocation.posed import pose
from analysis.allocation.search import search
from analysis.allocation.surrogates.surrogate import Surrogate
from analysis.allocation.terms import TermKeywords, Terms
from analysis.errors import InfeasibleBudgetError
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities

HALVINGS = 8
STEPS = 150

Size = Literal["weight_bytes", "bops"]


def without_drop(
    result: Sensitivities,
    budget: Budget,
    allowed: float,
    calibration: Calibration | None,
    interactions: Interactions | None,
    *,
    terms: TermKeywords,
) -> Budget:
    """The smallest budget whose best recipe is predicted to lose at most `allowed`.

    The loss is that of the calibrated prediction: through recipes that were measured, not through
    single cells. The size is found by bisection: bytes, or BOPs where only inputs were swept.

    Args:
        result: the sweep.
        budget: with a largest drop; its other limits stay.
        allowed: loss of the task metric, in its own unit.
        calibration: None takes the additive solution's size.
        interactions: pairwise terms, where there are any.
        terms: as `allocate` takes them.

    Raises:
        InfeasibleBudgetError: no recipe of the swept widths is predicted to lose so little.
    """
    size: Size = "weight_bytes" if result.of("weight") else "bops"
    if calibration is None or calibration.drops() is None:
        solved = allocate(result, budget, **terms)
        return _sized(budget, size, getattr(solved.cost, size))
    case = Case.of(result, budget, Terms(**terms))
    groups, table = case.groups, case.table
    costs = table.weight_bytes if size == "weight_bytes" else table.bops
    low = float(np.minimum.reduceat(costs, table.starts[:-1]).sum())
    high = float(np.maximum.reduceat(costs, table.starts[:-1]).sum())
    guess = _Guess(result, calibration, best_estimate(result, groups, interactions), terms)
    least = guess.loss(_sized(budget, size, high))
    if least > allowed:
        raise InfeasibleBudgetError(
            f"No recipe of the swept widths within the other limits is predicted to lose at most "
            f"{allowed:g}; the least predicted is {least:.3g}, so allow that, sweep wider widths "
            "or open locks."
        )
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        fits = guess.loss(_sized(budget, size, middle)) <= allowed
        low, high = (low, middle) if fits else (middle, high)
    return _sized(budget, size, high)


def _sized(budget: Budget, size: Size, limit: float) -> Budget:
    """The budget with a limit on its size in place of the one on the loss."""
    before = getattr(budget, size)
    tighter = ceil(limit) if before is None else min(before, ceil(limit))
    if size == "bops":
        return replace(budget, max_drop=None, bops=tighter)
    return replace(budget, max_drop=None, weight_bytes=tighter)


@dataclass(frozen=True, slots=True, eq=False)
class _Guess:
    """The best recipe of a size, without running it."""

    result: Sensitivities
    calibration: Calibration
    surrogate: Surrogate
    terms: TermKeywords

    def loss(self, budget: Budget) -> float:
        """Predicted loss of the task metric; infinite where no recipe keeps the limits."""
        try:
            posed = pose(self.result, budget, **self.terms)
        except InfeasibleBudgetError:
            return inf
        found = search(posed.problem, self.surrogate, [posed.additive], steps=STEPS)
        loss = self.calibration.drop(found.value)
        return inf if loss is None else loss
