"""The exact optimum by HiGHS (`scipy.optimize.milp`), made small and safe first."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.allocation.approximate import walked
from analysis.allocation.chain import Chain, look
from analysis.allocation.exchanges import exchanged
from analysis.allocation.few_widths import by_widths
from analysis.allocation.model import Model
from analysis.allocation.problem import Integers, Problem
from analysis.allocation.relaxed import Relaxed, relaxed

GAP = 1e-6
"""A recipe counts as optimal when no other can be better by more than this share of its value."""

LARGE, PROOF_GAP, CHANGES_GAP = 100, 2e-3, 5e-3
"""With more groups than that, a fifth of a per cent will do, and half a per cent where changes of
precision are paid for: between the best recipe and what can be proven lie one to three tenths."""

WALKS = ((100, 1.0), (100, 1.1), (100, 1.02), (100, 0.98), (1_000, 1.0), (4_000, 1.0))
"""So many partial recipes are followed at a time, with the limits at so many times their prices:
those at other prices end with more or less of each limit left, which exchanges then spend."""

UNPROVEN = 1e-2
"""With changes that are paid for, what is found counts after the walks where no recipe can be
better by more than this; HiGHS would take ten seconds and more to prove less."""

CORE, NEARLY = 40, 1.5
"""So many options more than groups are solved first; all that are left when they are not many more
than the next ones would be."""

NODE_LIMIT = 1_000
"""Beyond it the best recipe so far counts. A limit on time would make the answer depend on load."""

_ATTEMPTS = 4


def by_milp(
    problem: Problem, known: Integers | None = None, *, beat: float = np.inf
) -> Integers | None:
    """The best option of each group, or None when no recipe keeps every limit.

    The linear relaxation and a rounded recipe come first: an option whose reduced cost exceeds
    the distance between the two cannot be in the optimum and is left out. Then partial recipes are
    extended group by group (`chain.look`), which often proves the best one. HiGHS takes what is
    left, the most promising options first. It keeps limits only to a tolerance, so its answer is
    added up again here, and solved again under a tighter limit where it went over.

    Args:
        problem: the problem.
        known: a recipe that keeps every limit, where there is one, (groups).
        beat: None will do where no recipe has a smaller objective than this, or not by a gap.
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
    best = None if known is None else np.searchsorted(names, known)
    best, done = _followed(smaller, relaxation, best, beat)
    if not done:
        best = _searched(smaller, relaxation, best)
    return None if best is None else names[best]


def _followed(
    problem: Problem, relaxation: Relaxed, best: Integers | None, beat: float
) -> tuple[Integers | None, bool]:
    """The best recipe by rounding, exchanges and walks, and whether it is good enough."""
    chain = Chain.of(problem)
    if chain is None:
        return best, False
    best = _rounded(problem, chain, relaxation, best)
    gap, bound = proof_gap(problem), relaxation.bound
    for most, factor in WALKS:
        value = beat if best is None else min(beat, problem.value(best))
        if np.isfinite(value) and value - bound <= gap * value:
            return best, True
        part, names = problem.only(_left(problem, relaxation, value, best))
        shorter = Chain.of(part)
        assert shorter is not None
        seen = look(shorter, part.starts, factor * relaxation.prices, value, most)
        bound = max(bound, seen.bound)
        if np.isinf(bound):
            return best, True  # nothing keeps the limits
        if seen.picks is not None and problem.keeps(names[seen.picks]):
            found = exchanged(problem, chain, names[seen.picks], relaxation.regret)
            best = _better(problem, best, found)
    value = beat if best is None else min(beat, problem.value(best))
    if _large(problem) and _paid(problem):
        gap = UNPROVEN
    return best, bool(np.isfinite(value)) and value - bound <= gap * value


def _rounded(
    problem: Problem, chain: Chain, relaxation: Relaxed, best: Integers | None
) -> Integers | None:
    """A walk along the hull where nothing is coupled, made better by exchanges."""
    if not problem.coupled:
        best = _better(problem, best, walked(problem, relaxation.prices))
    return best if best is None else exchanged(problem, chain, best, relaxation.regret)


def _left(
    problem: Problem, relaxation: Relaxed, value: float, best: Integers | None
) -> NDArray[np.bool_]:
    """Options that a recipe of less than this value can have, and those of the best one."""
    if not np.isfinite(value):
        return np.ones(len(problem.objective), bool)
    left = relaxation.regret <= value - relaxation.bound + GAP * abs(value)
    if best is not None:
        left[best] = True
    return left


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
    if not _large(problem):
        return GAP
    return CHANGES_GAP if _paid(problem) else PROOF_GAP


def _large(problem: Problem) -> bool:
    return len(problem.starts) - 1 > LARGE


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
    gap = proof_gap(problem)
    least = np.minimum.reduceat(problem.objective, problem.starts[:-1]).sum()
    seen = value - float(least)
    return Model.of(problem).solved(gap * value / seen if seen > 0 else gap, NODE_LIMIT)
