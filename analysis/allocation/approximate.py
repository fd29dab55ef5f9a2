"""A good recipe in milliseconds: the best Lagrangian optimum, then every step that still fits."""

import numpy as np

from analysis.allocation.hull import path
from analysis.allocation.problem import Floats, Integers, Problem
from analysis.allocation.relaxed import relaxed


def by_hull(problem: Problem) -> Integers | None:
    """Walk the lower convex hull to the last point within all limits, and fill up from there.

    With several limits the walk is along their sum, each weighed by its price in the linear
    relaxation. Against the optimum it loses under 0.1 % at 200 groups and 1 to 3 % at 22 with one
    limit; with two limits under 1 % at 200 groups and up to a quarter at 22 (random instances).

    Returns:
        The option of each group, or None when no point of the walk keeps every limit; with a
        single limit that means that no recipe does.
    """
    kept = problem.affordable()
    if kept is None:
        return None
    smaller, names = problem.only(kept)
    if len(smaller.rows) == 1:
        prices: Floats | None = np.ones(1)
    else:
        relaxation = relaxed(smaller)
        prices = relaxation.prices if relaxation is not None else None
    picks = walked(smaller, prices) if prices is not None else None
    return None if picks is None else names[picks]


def walked(problem: Problem, prices: Floats) -> Integers | None:
    """The last point of the walk within all limits, filled up; None when there is none.

    Args:
        problem: only with options that are affordable.
        prices: weight of each limit in the walk, non-negative, (rows).
    """
    price = sum(
        (
            weight * problem.above_least(row.costs)
            for weight, row in zip(prices, problem.rows, strict=True)
        ),
        start=np.zeros(len(problem.objective)),
    )
    walk = path(price, problem.objective, problem.starts)
    within = np.all([walk.totals(row.costs) <= row.limit for row in problem.rows], axis=0)
    if not within.any():
        return None
    steps = int(np.flatnonzero(within)[-1])
    picks = _filled(problem, walk.picks(steps), walk.groups[steps:], walk.options[steps:])
    return picks if problem.keeps(picks) else None


def _filled(problem: Problem, picks: Integers, groups: Integers, options: Integers) -> Integers:
    """Take, in order, each later step of the walk that still fits."""
    left = [row.limit - float(row.costs[picks].sum()) for row in problem.rows]
    costs = [row.costs.tolist() for row in problem.rows]
    now = picks.tolist()
    for group, option in zip(groups.tolist(), options.tolist(), strict=True):
        more = [cost[option] - cost[now[group]] for cost in costs]
        if all(extra <= rest for extra, rest in zip(more, left, strict=True)):
            left = [rest - extra for extra, rest in zip(more, left, strict=True)]
            now[group] = option
    return np.array(now, np.int64)
