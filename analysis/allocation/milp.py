"""The exact optimum by HiGHS (`scipy.optimize.milp`), made small and safe first."""

from dataclasses import replace

import numpy as np

from analysis.allocation.approximate import walked
from analysis.allocation.few_widths import by_widths
from analysis.allocation.model import Model
from analysis.allocation.problem import Integers, Problem
from analysis.allocation.relaxed import Relaxed, relaxed

GAP = 1e-6
"""A recipe counts as optimal when no other can be better by more than this share of its value."""

LARGE, LARGE_GAP, PROOF_GAP = 100, 1e-3, 2e-3
"""With more groups than that, a tenth of a per cent will do among the promising options, and a
fifth of a per cent against all options, which is often all that can be proven in time."""

CHANGES_GAP, CHANGES_PROOF_GAP = 2.5e-3, 5e-3
"""The same two where changes of precision are paid for, which takes ten times as long to prove."""

CORE, NEARLY = 40, 1.5
"""So many options more than groups are solved first; all that are left when they are not many more
than the next ones would be."""

NODE_LIMIT = 1_000
"""Beyond it the best recipe so far counts. A limit on time would make the answer depend on load."""

_ATTEMPTS = 4


def by_milp(problem: Problem, known: Integers | None = None) -> Integers | None:
    """The best option of each group, or None when no recipe keeps every limit.

    The linear relaxation and a rounded recipe come first: an option whose reduced cost exceeds
    the distance between the two cannot be in the optimum and is left out. Where many are left,
    the most promising of them are solved alone first, which brings the two closer. HiGHS keeps
    limits only to a tolerance, so its answer is added up again here, and solved again under a
    tighter limit where it went over.

    Args:
        problem: the problem.
        known: a recipe that keeps every limit, where there is one, (groups).
    """
    if problem.coupling.widths is not None:
        return by_widths(
            problem, problem.coupling.widths, by_milp, known=known, gap=proof_gap(problem)
        )
    kept = problem.affordable()
    if kept is None:
        return None
    if known is not None:
        kept[known] = True
    smaller, names = problem.only(kept)
    relaxation = Model.of(smaller).relaxed() if smaller.coupled else relaxed(smaller)
    if relaxation is None:
        return known
    rounded = None if smaller.coupled else walked(smaller, relaxation.prices)
    best = None if known is None else np.searchsorted(names, known)
    best = _better(smaller, best, rounded)
    best = _searched(smaller, relaxation, best)
    return None if best is None else names[best]


def _searched(problem: Problem, relaxation: Relaxed, best: Integers | None) -> Integers | None:
    """The optimum, looked for among the options of least regret first."""
    groups = len(problem.starts) - 1
    order = relaxation.promising
    few = groups + CORE
    close = GAP
    while True:
        value = relaxation.bound if best is None else problem.value(best)
        distance = np.inf if best is None else value - relaxation.bound
        if distance <= close * value:
            return best
        left = relaxation.regret <= distance + GAP * value  # with room for tolerances
        core = np.zeros(len(left), bool)
        core[order[:few]] = True
        if best is not None and left.sum() <= NEARLY * few:  # a second pass would be as long
            core[:] = True
        complete = not (left & ~core).any()
        core &= left
        if best is not None:
            core[best] = True
        smaller, names = problem.only(core)
        if (np.diff(smaller.starts) > 0).all():
            found = _solved(smaller, value)
            best = _better(problem, best, None if found is None else names[found])
        if complete:
            return best
        few, close = groups + 4 * (few - groups), proof_gap(problem)


def proof_gap(problem: Problem) -> float:
    """By how much no recipe can be better than the answer, as a share of its value."""
    if len(problem.starts) - 1 <= LARGE:
        return GAP
    return CHANGES_PROOF_GAP if _paid(problem) else PROOF_GAP


def _paid(problem: Problem) -> bool:
    """Whether changes from layer to layer cost something."""
    rows = (row.changes for row in problem.rows)
    return any(changes is not None for changes in (problem.coupling.changes, *rows))


def _better(problem: Problem, first: Integers | None, second: Integers | None) -> Integers | None:
    """The recipe with the smaller objective; the first one in a tie."""
    if first is None or second is None:
        return second if first is None else first
    return second if problem.value(second) < problem.value(first) else first


def _solved(problem: Problem, value: float) -> Integers | None:
    """An optimum that really keeps the limits; None when HiGHS finds none."""
    tightened = problem
    for _ in range(_ATTEMPTS):
        found = _highs(tightened, value)
        if found is None or problem.keeps(found):
            return found
        rows = [
            replace(row, limit=tight.limit - 2 * row.excess(found))
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
    gap = CHANGES_GAP if _paid(problem) else LARGE_GAP
    if len(problem.starts) - 1 <= LARGE:
        gap = GAP
    least = np.minimum.reduceat(problem.objective, problem.starts[:-1]).sum()
    seen = value - float(least)
    return Model.of(problem).solved(gap * value / seen if seen > 0 else gap, NODE_LIMIT)
