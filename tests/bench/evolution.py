"""A long evolutionary search, as a reference for how good a recipe can be.

Our own small version of the level-switch search of EvoPress (Sieberling et al., arXiv 2410.14649):
each child raises some groups and lowers others by a step; the best of parent and children lives.
"""

import numpy as np

from analysis.allocation.posed import Posed
from analysis.allocation.problem import Integers
from analysis.decision.trials import Trials

CHILDREN = 12


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
    known = {start.tobytes(): _measured(posed, trials, start)}
    parent, idle = start, 0
    while len(known) < most and idle < 200:
        children = [_child(posed, parent, generator) for _ in range(CHILDREN)]
        fresh = {c.tobytes(): c for c in children if c is not None and c.tobytes() not in known}
        idle = 0 if fresh else idle + 1
        for key, child in fresh.items():
            known[key] = _measured(posed, trials, child)
            if known[key] < known[parent.tobytes()]:
                parent = child
    return known[parent.tobytes()]


def _measured(posed: Posed, trials: Trials, picks: Integers) -> float:
    return float(trials.divergence(posed.recipe(picks, "child")).mean())


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
