"""Small random problems, and their optimum by trying everything."""

from itertools import product

import numpy as np

from analysis.allocation.problem import Integers, Problem, Row


def random_problem(seed: int, groups: int = 5, options: int = 4, rows: int = 1) -> Problem:
    """Costs rise with the width, the objective mostly falls; limits between least and most."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, options + 1, groups)
    starts = np.concatenate([[0], np.cumsum(counts)])
    widths = np.concatenate([np.sort(rng.choice(16, count, replace=False)) + 1 for count in counts])
    owner = np.repeat(np.arange(groups), counts)
    level = np.exp(rng.normal(0, 1.5, groups))[owner]
    objective = level * 4.0**-widths * np.exp(rng.normal(0, 0.8, len(widths)))
    found = []
    for _ in range(rows):
        costs = np.rint(rng.uniform(50, 5000, groups)[owner] * widths)
        least = np.minimum.reduceat(costs, starts[:-1]).sum()
        most = np.maximum.reduceat(costs, starts[:-1]).sum()
        found.append(Row(costs, float(np.floor(least + rng.uniform(0.1, 0.9) * (most - least)))))
    return Problem(objective, found, starts)


def brute_force(problem: Problem) -> float | None:
    """The least objective within all limits, or None."""
    values = [value for picks in every(problem) if (value := _value(problem, picks)) is not None]
    return min(values, default=None)


def every(problem: Problem) -> list[Integers]:
    """All combinations of options."""
    ranges = [range(a, b) for a, b in zip(problem.starts[:-1], problem.starts[1:], strict=True)]
    return [np.array(picks) for picks in product(*ranges)]


def _value(problem: Problem, picks: Integers) -> float | None:
    within = all(row.costs[picks].sum() <= row.limit for row in problem.rows)
    return float(problem.objective[picks].sum()) if within else None


def one_a_group(problem: Problem, picks: Integers) -> bool:
    """Whether the picks are one option of each group, in order."""
    inside = (picks >= problem.starts[:-1]) & (picks < problem.starts[1:])
    return len(picks) == len(problem.starts) - 1 and bool(np.all(inside))
