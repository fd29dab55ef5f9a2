"""The whole Lagrangian frontier at once: lower convex hulls merged by slope.

For every price lambda the recipe that minimises objective + lambda * cost takes, in each group,
a vertex of the lower convex hull of its options. Sorting all hull edges by slope therefore lists
every Lagrangian optimum in O(n log n) for n options (the classical greedy for the linear
relaxation of the multiple-choice knapsack: Sinha and Zoltners, Operations Research 27, 1979).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.allocation.problem import Floats, Integers


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """From the cheapest recipe to the best one, one group's option a step.

    Attributes:
        first: int64, (groups): the option each group begins with.
        groups, options: int64, (steps): the group that moves, and the option it moves to.
        before: int64, (steps): the option it leaves.
    """

    first: Integers
    groups: Integers
    before: Integers
    options: Integers

    def picks(self, steps: int) -> Integers:
        """Option of each group after that many steps, (groups)."""
        picked = self.first.copy()
        picked[self.groups[:steps]] = self.options[:steps]  # the last move of a group stays
        return picked

    def totals(self, values: Floats) -> Floats:
        """Sum of `values` (one an option) over the groups after 0, 1, … steps, (steps + 1).

        Summed from the end, so that small totals of a falling quantity keep their digits.
        """
        last = values[self.picks(len(self.groups))].sum()
        moves = values[self.before] - values[self.options]
        sums = np.append(last + np.cumsum(moves[::-1])[::-1], last)
        sums[0] = values[self.first].sum()  # without the rounding of all the steps
        return sums


def path(cost: Floats, objective: Floats, starts: Integers) -> Path:
    """All Lagrangian optima of objective against cost, by rising cost.

    Args:
        cost: one value an option, (options).
        objective: likewise; lower is better.
        starts: where each group's options begin, (groups + 1).
    """
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((objective, cost, owner))
    first: list[int] = []
    moves: list[tuple[float, int, int, int]] = []
    rows = zip(
        order.tolist(),
        owner[order].tolist(),
        cost[order].tolist(),
        objective[order].tolist(),
        strict=True,
    )
    hull: list[tuple[float, int, float, float]] = []
    for index, group, price, value in rows:
        if group == len(first):
            moves += _edges(hull, group - 1)
            first.append(index)
            hull = [(-np.inf, index, price, value)]
        elif value < hull[-1][3] and price > hull[-1][2]:
            _extend(hull, index, price, value)
    moves += _edges(hull, len(first) - 1)
    slopes, groups, before, options = np.array(moves, float).reshape(-1, 4).T
    by_slope = np.argsort(slopes, kind="stable")  # a group's own edges stay in order
    return Path(
        np.array(first, np.int64),
        groups[by_slope].astype(np.int64),
        before[by_slope].astype(np.int64),
        options[by_slope].astype(np.int64),
    )


def _extend(
    hull: list[tuple[float, int, float, float]], index: int, price: float, value: float
) -> None:
    """Add a point (slope that leads to it, index, cost, objective); drop those above the edge."""
    while True:
        _, _, last_price, last_value = hull[-1]
        slope = (value - last_value) / (price - last_price)
        if slope > hull[-1][0]:
            hull.append((slope, index, price, value))
            return
        hull.pop()


def _edges(
    hull: list[tuple[float, int, float, float]], group: int
) -> list[tuple[float, int, int, int]]:
    """Edges of one group's hull: slope, group, option before, option after."""
    return [(after[0], group, before[1], after[1]) for before, after in pairwise(hull)]
