"""Optima of an additive objective that is not known exactly."""

from dataclasses import replace

import numpy as np

from analysis.allocation.approximate import by_hull
from analysis.allocation.milp import by_milp
from analysis.allocation.problem import Integers, Problem

NOISE = 0.35
"""Standard deviation of the logarithmic noise: about what drawn samples and neglected interactions
make of a layer's divergence."""

EXACTLY = 60
"""Groups up to which each optimum is the exact one; a hull of few leaves bytes over."""


def noisy_optima(problem: Problem, seed: int, count: int) -> tuple[Integers, ...]:
    """The different recipes that are best under some of `count` noisy objectives, each (groups).

    Where estimates are no better than that noise, the best recipe is probably among these. The same
    seed gives the same recipes.
    """
    generator = np.random.default_rng(seed)
    exactly = len(problem.starts) <= EXACTLY and not problem.coupled
    found: dict[bytes, Integers] = {}
    for _ in range(count):
        noise = np.exp(NOISE * generator.standard_normal(len(problem.objective)))
        noisy = replace(problem, objective=problem.objective * noise)
        picks = by_milp(noisy) if exactly else by_hull(noisy)
        if picks is not None and problem.keeps(picks):
            found.setdefault(picks.tobytes(), picks)
    return tuple(found.values())
