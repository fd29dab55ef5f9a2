"""The exact optimum by HiGHS (`scipy.optimize.milp`), made small and safe first."""

from dataclasses import replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.allocation.approximate import walked
from analysis.allocation.problem import Floats, Integers, Problem, Row
from analysis.allocation.quiet import quiet_stdout
from analysis.allocation.relaxed import membership, relaxed

GAP = 1e-6
"""A recipe counts as optimal when no other can be better by more than this share of its value."""

NODE_LIMIT = 1_000
"""Beyond it the best recipe so far counts. A limit on time would make the answer depend on load."""

_SCALE = 1e3  # HiGHS' tolerances are absolute, 1e-6: a thousandth of a millionth of each limit
_ATTEMPTS = 4


def by_milp(problem: Problem, known: Integers | None = None) -> Integers | None:
    """The best option of each group, or None when no recipe keeps every limit.

    The linear relaxation and a rounded recipe come first: an option whose reduced cost exceeds
    the distance between the two cannot be in the optimum and is left out, which leaves between
    one and two options a group. HiGHS keeps limits only to a tolerance, so its answer is added up
    again here, and solved again under a tighter limit where it went over.

    Args:
        problem: the problem.
        known: a recipe that keeps every limit, where there is one, (groups).
    """
    kept = problem.affordable()
    if kept is None:
        return None
    if known is not None:
        kept[known] = True
    smaller, names = problem.only(kept)
    relaxation = relaxed(smaller)
    if relaxation is None:
        return known
    rounded = walked(smaller, relaxation.prices)
    best = _better(problem, known, None if rounded is None else names[rounded])
    candidates = np.ones(len(names), bool)
    value = relaxation.bound
    if best is not None:
        value = float(problem.objective[best].sum())
        distance = value - relaxation.bound
        if distance <= GAP * value:
            return best
        candidates = relaxation.regret <= distance * (1 + 1e-9)
        candidates |= np.isin(names, best)
    core, core_names = smaller.only(candidates)
    found = _solved(core, value)
    return _better(problem, best, None if found is None else names[core_names[found]])


def _better(problem: Problem, first: Integers | None, second: Integers | None) -> Integers | None:
    """The recipe with the smaller objective; the first one in a tie."""
    if first is None or second is None:
        return second if first is None else first
    values = problem.objective[first].sum(), problem.objective[second].sum()
    return second if values[1] < values[0] else first


def _solved(problem: Problem, value: float) -> Integers | None:
    """An optimum that really keeps the limits; None when HiGHS finds none."""
    tightened = problem
    for _ in range(_ATTEMPTS):
        found = _highs(tightened, value)
        if found is None or problem.keeps(found):
            return found
        rows = [
            Row(row.costs, tight.limit - 2 * row.excess(found))
            for row, tight in zip(problem.rows, tightened.rows, strict=True)
        ]
        tightened = replace(problem, rows=rows)
    return None


def _highs(problem: Problem, value: float) -> Integers | None:
    """HiGHS on what lies above each group's least, every row scaled to its limit.

    `value`, about what the optimum will be, turns the gap into one of what HiGHS sees.
    """
    if any(problem.room(row) < 0 for row in problem.rows):
        return None
    objective = problem.above_least(problem.objective)
    seen = value - float((problem.objective - objective)[problem.starts[:-1]].sum())
    gap = GAP * value / seen if seen > 0 else GAP
    one_each = membership(problem)
    constraints = [LinearConstraint(one_each, 1.0, 1.0)]
    for row in problem.rows:
        scale = _SCALE / (problem.room(row) or 1.0)
        uses = problem.above_least(row.costs)[None, :] * scale
        constraints.append(LinearConstraint(uses, -np.inf, problem.room(row) * scale))
    with quiet_stdout():
        answer = milp(
            objective * (_SCALE / (float(objective.max(initial=0.0)) or 1.0)),
            constraints=constraints,
            integrality=np.ones(len(objective), np.int64),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": gap, "node_limit": NODE_LIMIT},
        )
    return None if answer.x is None else _picks(answer.x, problem)


def _picks(x: Floats, problem: Problem) -> Integers:
    """The first option of each group that is nearest to 1."""
    groups = zip(problem.starts[:-1], problem.starts[1:], strict=True)
    return np.array([start + int(np.argmax(x[start:end])) for start, end in groups], np.int64)
