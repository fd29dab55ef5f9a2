"""Neighbours of a recipe, the most promising first, measured until none helps."""

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from analysis.allocation.neighbours import WIDEST, Neighbourhood
from analysis.allocation.posed import Posed
from analysis.allocation.problem import Integers
from analysis.allocation.surrogates.surrogate import Surrogate
from analysis.decision.race import Rounds
from analysis.recipe import Recipe

SHORT_LIST = 150
"""Neighbours that each estimate puts on the list."""

MISSES = 12
"""Neighbours in a row that bring nothing end the search (METHODS 2, item 5)."""


def polish(
    posed: Posed,
    trusted: Surrogate,
    surrogates: Sequence[Surrogate],
    rounds: Rounds,
    start: Recipe,
    most: int,
) -> Generator[str, None, Recipe]:
    """Move to each neighbour that is better on the whole sweep set.

    Args:
        posed: the problem.
        trusted: the estimate that ranks the neighbours. One, not several: of 148 neighbours on a
            ResNet-20 the four that were better stood first by the pairwise estimate and beyond the
            thirtieth place by the sum of the ranks of three.
        surrogates: estimates whose lists of neighbours are taken.
        rounds: growing samples; a neighbour goes on while it looks better.
        start: where to begin.
        most: neighbours to measure at most.

    Yields:
        What is done next, before each run.

    Returns:
        The best recipe.
    """
    best, picks = start, posed.picks(start)
    near = Neighbourhood.of(posed.problem)
    seen = {picks.tobytes()}
    left, misses = most, 0
    while True:
        found: Integers | None = None
        for neighbour in _ranked(posed, near, trusted, surrogates, picks):
            if neighbour.tobytes() in seen:
                continue
            if left == 0 or misses == MISSES:
                return best
            seen.add(neighbour.tobytes())
            recipe = posed.recipe(neighbour, start.name)
            yield "measuring a neighbour"
            left -= 1
            if rounds.beats(recipe, best):
                found, best = neighbour, recipe
                break
            misses += 1
        if found is None:
            return best
        picks, misses = found, 0


def _ranked(
    posed: Posed,
    near: Neighbourhood,
    trusted: Surrogate,
    surrogates: Sequence[Surrogate],
    picks: Integers,
) -> Iterator[Integers]:
    """Recipes next to one, which any estimate puts on its list, by what the trusted one tells."""
    lists = [_listed(near, surrogate, picks) for surrogate in surrogates]
    every = np.unique(np.concatenate(lists), axis=0)
    if not len(every):
        return
    for move in every[np.argsort(trusted.moves(picks, every), kind="stable")]:
        after = near.moved(picks, move)
        if posed.problem.keeps(after):
            yield after


def _listed(near: Neighbourhood, surrogate: Surrogate, picks: Integers) -> Integers:
    """The moves that one estimate thinks best, (moves, `WIDEST`)."""
    change = surrogate.singles(picks) - surrogate.value(picks)
    moves = near.moves(picks, change)[: max(surrogate.breadth, SHORT_LIST)]
    if not len(moves):
        return moves.reshape(0, WIDEST)
    order = np.argsort(surrogate.moves(picks, moves), kind="stable")
    return np.asarray(moves[order[:SHORT_LIST]])
