"""A long evolutionary search, as a reference for how good a recipe can be.

Our own small version of the level-switch search of EvoPress (Sieberling et al., arXiv 2410.14649):
each child raises some groups and lowers others by a step; the best of parent and children lives.

Divergence is never negative, so a child whose sum over some samples has passed its parent's whole
sum is worse for certain: the samples that weigh most come first, and most children are given up on
the first eighth. What is found is what measuring all of them on all samples would find.
"""

import numpy as np

from analysis.allocation.posed import Posed
from analysis.allocation.problem import Integers
from analysis.decision.trials import Places, Trials
from analysis.recipe import Recipe

CHILDREN = 12
SHARES = (1 / 8, 1 / 3, 1)
"""Of the samples, after which a child may be given up."""


def evolved(
    posed: Posed, trials: Trials, starts: list[Integers], evaluations: int, seed: int
) -> float:
    """The least divergence on the whole sweep set found with so many evaluations.

    Each start gets its share of them; fewer are needed where no new child can be found.
    """
    generator = np.random.default_rng(seed)
    best = np.inf
    for start in starts:
        best = min(best, _from(posed, trials, start, evaluations // len(starts), generator))
    return best


def _from(
    posed: Posed, trials: Trials, start: Integers, most: int, generator: np.random.Generator
) -> float:
    sums = trials.divergence(posed.recipe(start, "start"))
    order = np.argsort(-sums)
    known, parent, least, idle = {start.tobytes()}, start, float(sums.sum()), 0
    while len(known) < most and idle < 200:
        children = [_child(posed, parent, generator) for _ in range(CHILDREN)]
        fresh = {c.tobytes(): c for c in children if c is not None and c.tobytes() not in known}
        idle = 0 if fresh else idle + 1
        for key, child in fresh.items():
            known.add(key)
            found = _sum_below(trials, posed.recipe(child, "child"), least, order)
            if found is not None:
                parent, least = child, found
    return least / trials.samples


def _sum_below(trials: Trials, recipe: Recipe, most: float, order: Places) -> float | None:
    """Sum of a recipe's divergence; None as soon as it is sure not to be below `most`."""
    for share in SHARES:
        found = trials.divergence(recipe, order[: int(share * len(order))])
        if float(found.sum()) >= most:
            return None
    return float(found.sum())


def _child(posed: Posed, parent: Integers, generator: np.random.Generator) -> Integers | None:
    """Some groups raised, then others lowered until the limits are kept; None where that fails."""
    starts = posed.problem.starts
    child = parent.copy()
    count = min(len(child), int(generator.integers(1, 4)))
    for group in generator.permutation(len(child))[:count]:
        child[group] = min(child[group] + generator.integers(1, 3), starts[group + 1] - 1)
    for group in generator.permutation(np.tile(np.arange(len(child)), 3)):
        if posed.problem.keeps(child):
            return child
        if child[group] > starts[group]:
            child[group] -= 1
    return child if posed.problem.keeps(child) else None
