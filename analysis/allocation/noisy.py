"""Optima of an additive objective that is not known exactly."""

from collections.abc import Callable
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


def noisy_optima(
    problem: Problem,
    generator: np.random.Generator,
    count: int,
    *,
    noise: float,
    solve: Callable[[Problem], Integers | None] = by_hull,
) -> list[Integers]:
    """What is best under each of some noisy objectives and keeps every limit, each (groups).

    Args:
        problem: the limits, and the objective without noise.
        generator: of the noise.
        count: objectives.
        noise: standard deviation of its logarithm.
        solve: gives the optimum of one, or nearly.
    """
    found: list[Integers] = []
    for _ in range(count):
        factors = np.exp(noise * generator.standard_normal(len(problem.objective)))
        picks = solve(replace(problem, objective=problem.objective * factors))
        if picks is not None and problem.keeps(picks):
            found.append(picks)
    return found


def near_additive(problem: Problem, seed: int, count: int) -> tuple[Integers, ...]:
    """The different recipes that are best under some of `count` noisy objectives, each (groups).

    Where estimates are no better than that noise, the best recipe is probably among these. The same
    seed gives the same recipes.
    """
    exactly = len(problem.starts) <= EXACTLY and not problem.coupled
    solve = by_milp if exactly else by_hull
    found = noisy_optima(problem, np.random.default_rng(seed), count, noise=NOISE, solve=solve)
    return tuple({picks.tobytes(): picks for picks in found}.values())
