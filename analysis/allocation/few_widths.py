"""A largest number of different widths: the best set of widths first, by bounds."""

from collections.abc import Iterator
from dataclasses import replace
from heapq import heapify, heappop, heappush
from itertools import combinations
from typing import Protocol

import numpy as np

from analysis.allocation.chain import Chain
from analysis.allocation.coupling import FREE, Coupling, Widths
from analysis.allocation.model import Model
from analysis.allocation.problem import Integers, Problem
from analysis.allocation.relaxed import relaxed


class Solve(Protocol):
    """Gives the optimum of a problem without a largest number of widths."""

    def __call__(
        self, problem: Problem, known: Integers | None = None, *, beat: float = np.inf
    ) -> Integers | None:
        """None also where nothing is better than `beat`."""


def by_widths(
    problem: Problem, widths: Widths, solve: Solve, *, known: Integers | None, gap: float
) -> Integers | None:
    """The best recipe with at most so many widths, or None when there is none.

    With binary variables "this width is in use" the linear relaxation is weak: it uses a little of
    every width. Instead each set of widths is bounded, first by the prices of the limits without
    the constraint, then by its own relaxation, and solved in order of its bound until no other can
    be better. That is branch and bound on the sets.

    Args:
        problem: the problem; what else couples its groups is left to `solve`.
        widths: width of each option, and how many there may be.
        solve: gives the optimum of a problem without a largest number of widths.
        known: a recipe that keeps everything, where there is one.
        gap: a set that cannot be better by more than this share is not looked at.
    """
    free = replace(
        problem, coupling=Coupling(problem.coupling.links, None, problem.coupling.changes)
    )
    present = sorted(set(widths.of.tolist()) - {FREE})
    if len(present) <= widths.most:
        return solve(free, known)
    best, least = known, np.inf if known is None else problem.value(known)
    queue = list(_rough(free, widths, present))
    heapify(queue)
    while queue and queue[0][0] < least * (1 - gap):
        bound, refined, allowed = heappop(queue)
        kept = np.isin(widths.of, (*allowed, FREE))
        smaller, names = free.only(kept)
        if not refined:
            heappush(queue, (max(bound, _bound(smaller)), True, allowed))
            continue
        found = solve(smaller, beat=least)
        if found is not None and smaller.value(found) < least:
            best, least = names[found], smaller.value(found)
    return best


def _rough(
    problem: Problem, widths: Widths, present: list[int]
) -> Iterator[tuple[float, bool, tuple[int, ...]]]:
    """Each set of widths that serves every group, with a bound by common prices."""
    relaxation = Model.of(problem).relaxed() if problem.coupled else relaxed(problem)
    if relaxation is None:
        return
    chain = Chain.of(problem)
    if chain is not None:
        sets = list(combinations(present, widths.most))
        offered = np.array([np.isin(widths.of, (*chosen, FREE)) for chosen in sets])
        bounds = chain.bounds(relaxation.prices, offered)
        yield from ((float(b), False, s) for b, s in zip(bounds, sets, strict=True) if b < np.inf)
        return
    # how far a group's options of each width are above its best; the last column is "no width"
    owner = np.repeat(np.arange(len(problem.starts) - 1), np.diff(problem.starts))
    place = np.searchsorted(present, widths.of)
    place[widths.of == FREE] = len(present)
    least = np.full((len(problem.starts) - 1, len(present) + 1), np.inf)
    np.minimum.at(least, (owner, place), relaxation.regret)
    for chosen in combinations(range(len(present)), widths.most):
        regret = float(least[:, [*chosen, len(present)]].min(axis=1).sum())
        if np.isfinite(regret):
            yield relaxation.bound + regret, False, tuple(present[i] for i in chosen)


def _bound(problem: Problem) -> float:
    """No recipe of these options has a smaller objective; infinity when none keeps the limits."""
    kept = problem.affordable()
    if kept is None:
        return np.inf
    smaller = problem.only(kept)[0]
    relaxation = Model.of(smaller).relaxed() if smaller.coupled else relaxed(smaller)
    return np.inf if relaxation is None else relaxation.bound
