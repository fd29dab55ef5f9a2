"""Neighbours of good recipes, the most promising first, run until none helps any more."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.allocation.neighbours import WIDEST, Neighbourhood
from analysis.allocation.posed import Posed
from analysis.allocation.problem import Floats, Integers
from analysis.allocation.surrogates.surrogate import Surrogate, SurrogateName
from analysis.decision.learned import Correction
from analysis.decision.race import Rounds
from analysis.recipe import Recipe

SHORT_LIST = 150
"""Neighbours that each estimate puts on the list."""

MISSES = 12
"""Neighbours in a row that bring nothing end the search (METHODS 2, item 5)."""

BASES = 3
"""Recipes besides the best one whose neighbours are looked at: those that did best when run.

The way to a better recipe often leads past the best one's own neighbours: on the demo at 2.5 bits
none of its 450 was better than 0.95 of it, and over the others' it came down to 0.80.
"""


@dataclass(slots=True, eq=False)
class Polish:
    """A local search by measurement, ranked by an estimate that its own runs correct.

    Attributes:
        posed: the problem.
        surrogates: estimates whose lists of neighbours are taken.
        rounds: growing samples; a neighbour goes on while it looks better.
        known: recipes that were run on the first round's samples at least, by their bytes.
    """

    posed: Posed
    surrogates: Sequence[Surrogate]
    rounds: Rounds
    known: dict[bytes, Integers]
    _near: Neighbourhood = field(init=False)
    _moves: dict[bytes, Integers] = field(default_factory=dict, init=False)
    _told: dict[tuple[SurrogateName, bytes], float] = field(default_factory=dict, init=False)
    _lists: dict[tuple[SurrogateName, bytes], tuple[Integers, Floats]] = field(
        default_factory=dict, init=False
    )

    def __post_init__(self) -> None:
        self._near = Neighbourhood.of(self.posed.problem)

    def run(
        self, trusted: Surrogate, start: Recipe, most: int, *, bases: int = BASES
    ) -> Generator[str, None, Recipe]:
        """Move to each neighbour that is better on the whole sweep set.

        Args:
            trusted: the estimate that ranks. One, not several: of 148 neighbours on a ResNet-20
                the four that were better stood first by the pairwise estimate and beyond the
                thirtieth place by the sum of the ranks of three.
            start: where to begin.
            most: neighbours to run at most.
            bases: recipes besides the best one whose neighbours are looked at.

        Yields:
            What is done next, before each run.

        Returns:
            The best recipe.
        """
        best, misses = start, 0
        for _ in range(most):
            if misses == MISSES:
                break
            picks = self._promising(trusted, self.posed.picks(best), bases)
            if picks is None:
                break
            recipe = self.posed.recipe(picks, start.name)
            yield "measuring a neighbour"
            self.known[picks.tobytes()] = picks
            if self.rounds.beats(recipe, best):
                best, misses = recipe, 0
            else:
                misses += 1
        return best

    def _promising(self, trusted: Surrogate, best: Integers, bases: int) -> Integers | None:
        """The neighbour that may well be the best by what is known; None where all were run."""
        known = list(self.known.values())
        found = self._divergences(known)
        others = [known[place] for place in np.argsort(found, kind="stable")[:bases]]
        lists = [self._around(trusted, base) for base in (best, *others)]
        every, first = np.unique(np.concatenate([x for x, _ in lists]), axis=0, return_index=True)
        told = np.concatenate([values for _, values in lists])[first]
        own = np.array([self._estimate(trusted, picks) for picks in known])
        for place in np.argsort(_expected(every, told, known, own, found), kind="stable"):
            picks: Integers = every[place]
            if picks.tobytes() not in self.known and self.posed.problem.keeps(picks):
                return picks
        return None

    def _divergences(self, known: Sequence[Integers]) -> Floats:
        """Of each recipe that was run, on the first round's samples."""
        draw = self.rounds.draws[0]
        return np.array([self.rounds.mean(self.posed.recipe(x, "run"), draw) for x in known])

    def _estimate(self, trusted: Surrogate, picks: Integers) -> float:
        key = trusted.name, picks.tobytes()
        if key not in self._told:
            self._told[key] = trusted.value(picks)
        return self._told[key]

    def _around(self, trusted: Surrogate, base: Integers) -> tuple[Integers, Floats]:
        """Recipes next to one that any estimate lists, and what the trusted one tells of them."""
        key = trusted.name, base.tobytes()
        if key not in self._lists:
            moves = self._listed(base)
            after = [self._near.moved(base, move) for move in moves]
            told = trusted.moves(base, moves) if len(moves) else np.zeros(0)
            own = self._estimate(trusted, base)
            self._lists[key] = np.stack([*after, base]), np.append(told, own)
        return self._lists[key]

    def _listed(self, base: Integers) -> Integers:
        """The moves that any estimate lists, (moves, `WIDEST`)."""
        key = base.tobytes()
        if key not in self._moves:
            self._moves[key] = np.concatenate(
                [_listed(self._near, x, base) for x in self.surrogates]
            )
        return self._moves[key]


def _expected(
    every: Integers, told: Floats, known: Sequence[Integers], own: Floats, found: Floats
) -> Floats:
    """Of each recipe what the estimate tells, corrected by the runs it told `own` of."""
    both = (own > 0) & (found > 0) & np.isfinite(found)
    if not both.any():
        return told
    ratios = np.log(found[both] / own[both])
    correction = Correction.of(np.stack(known)[both], ratios)
    return np.asarray(told * np.exp(correction.hopeful(every)))


def _listed(near: Neighbourhood, surrogate: Surrogate, picks: Integers) -> Integers:
    """The moves that one estimate thinks best, (moves, `WIDEST`)."""
    change = surrogate.singles(picks) - surrogate.value(picks)
    moves = near.moves(picks, change)[: max(surrogate.breadth, SHORT_LIST)]
    if not len(moves):
        return moves.reshape(0, WIDEST)
    order = np.argsort(surrogate.moves(picks, moves), kind="stable")
    return np.asarray(moves[order[:SHORT_LIST]])
