"""A recipe made better by changing one or two groups at a time."""

import numpy as np

from analysis.allocation.chain import Chain
from analysis.allocation.problem import Floats, Integers, Problem

LOOKED_AT = 400
"""So many options, those of least regret, are tried alone and in pairs."""

_ROUNDS = 60
_TOLERANCE = 1e-12


def exchanged(problem: Problem, chain: Chain, picks: Integers, regret: Floats) -> Integers:
    """The best change of one or of two groups within all limits, as long as one helps.

    A walk along the hull leaves a little of each limit, and two groups can trade it: that closes
    most of the distance to the relaxation.

    Args:
        problem: a problem of the form of a chain.
        chain: the same.
        picks: a recipe that keeps the limits, (groups).
        regret: of each option (`Relaxed.regret`), (options).
    """
    owner = np.repeat(np.arange(len(picks)), np.diff(problem.starts))
    tried = np.sort(np.argsort(regret, kind="stable")[:LOOKED_AT])
    groups = owner[tried]
    distance = np.abs(groups[:, None] - groups[None, :])
    apart = distance > (1 if _paid(chain) else 0)  # what neighbours pay is no sum of both
    best = picks
    for _ in range(_ROUNDS):
        change = np.concatenate(_changes(chain, best - problem.starts[:-1]), axis=1)[:, tried]
        free = chain.limits - [row.total(best) for row in problem.rows]
        pair = _best_pair(change, free, apart)
        if pair is None:
            return best
        trial = best.copy()
        trial[groups[list(pair)]] = tried[list(pair)]
        better = problem.value(trial) < problem.value(best) * (1 - _TOLERANCE)
        if not better or not problem.keeps(trial):
            return best
        best = trial
    return best


def _paid(chain: Chain) -> bool:
    return any(step is not None for steps in chain.steps for step in steps)


def _changes(chain: Chain, local: Integers) -> list[Floats]:
    """What each option would change if its group alone took it, (1 + rows, options) a group."""
    found = []
    for place, value in enumerate(chain.values):
        own = int(local[place])
        change = value - value[:, own : own + 1]
        for number, steps in enumerate(chain.steps):
            step = steps[place]
            if step is not None:
                into = step[local[place - 1]]
                change[number] += into - into[own]
            step = steps[place + 1] if place + 1 < len(steps) else None
            if step is not None:
                out = step[:, local[place + 1]]
                change[number] += out - out[own]
        found.append(change)
    return found


def _best_pair(
    change: Floats, free: Floats, apart: np.ndarray[tuple[int, int], np.dtype[np.bool_]]
) -> tuple[int, int] | None:
    """The two options, or one twice, that fit into what is free and help most."""
    both = change[0][:, None] + change[0][None, :]
    fits = apart.copy()
    for more, rest in zip(change[1:], free, strict=True):
        fits &= more[:, None] + more[None, :] <= rest
    np.fill_diagonal(fits, (change[1:] <= free[:, None]).all(axis=0))
    np.fill_diagonal(both, change[0])
    both[~fits] = np.inf
    first, second = divmod(int(np.argmin(both)), len(both))
    return (first, second) if both[first, second] < 0 else None
