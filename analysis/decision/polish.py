"""Neighbours of a recipe, the most promising first, measured until none helps."""

from collections.abc import Generator, Iterator, Sequence

import numpy as np

from analysis.allocation.neighbours import Neighbourhood
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
    posed: Posed, surrogates: Sequence[Surrogate], rounds: Rounds, start: Recipe, most: int
) -> Generator[str, None, Recipe]:
    """Move to each neighbour that is better on the whole sweep set.

    Args:
        posed: the problem.
        surrogates: estimates that rank the neighbours, by the sum of their ranks.
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
        for neighbour in _ranked(posed, near, surrogates, picks):
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
    posed: Posed, near: Neighbourhood, surrogates: Sequence[Surrogate], picks: Integers
) -> Iterator[Integers]:
    """Recipes next to one, by the sum of their ranks in all estimates."""
    recipes: dict[bytes, tuple[Integers, Integers]] = {}
    for surrogate in surrogates:
        change = surrogate.singles(picks) - surrogate.value(picks)
        moves = near.moves(picks, change)
        moves = moves[: max(surrogate.breadth, SHORT_LIST)]
        if len(moves):
            order = np.argsort(surrogate.moves(picks, moves), kind="stable")
            for move in moves[order[:SHORT_LIST]]:
                after = near.moved(picks, move)
                recipes.setdefault(after.tobytes(), (after, move))
    if not recipes:
        return
    after_each, moves_list = zip(*recipes.values(), strict=True)
    moves = np.stack(moves_list)
    ranks = sum(
        (np.argsort(np.argsort(s.moves(picks, moves), kind="stable")) for s in surrogates),
        start=np.zeros(len(moves), np.int64),
    )
    for place in np.argsort(ranks, kind="stable"):
        if posed.problem.keeps(after_each[place]):
            yield after_each[place]
