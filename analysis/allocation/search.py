"""Good recipes by local search, for estimates that are no sums.

Iterated local search (Lourenco, Martin and Stuetzle, Handbook of Metaheuristics, 2003): steepest
descent from several starts, then from the best one again and again after a small random change.
The quadratic problem has many local optima (METHODS 2, item 2), so one start is not enough.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from analysis.allocation.neighbours import Neighbourhood
from analysis.allocation.noisy import noisy_optima
from analysis.allocation.problem import Integers, Problem
from analysis.allocation.surrogates.surrogate import Surrogate

RANDOM_STARTS = 6
STEPS = 500
"""Steps of descent in all; a step looks at up to 3,000 moves and takes about a millisecond."""

PATIENCE = 10
"""Kicks without a better recipe end the search: so many and two more for each group."""

AT_ONCE = 50
"""Of so many groups, one more move is made in a step."""

NOISE = 0.7
"""Standard deviation of the logarithmic noise that makes random starts."""

COUPLED_BREADTH = 300
"""Moves that are checked one by one where groups are coupled."""

LEAST_GAIN = 1e-9
"""A share of the estimate; smaller gains are rounding."""


@dataclass(frozen=True, slots=True)
class Found:
    """A local optimum.

    Attributes:
        picks: option of each group.
        value: the estimate.
        steps: of descent, over all starts and kicks.
        others: the other local optima that were reached, best first.
    """

    picks: Integers
    value: float
    steps: int
    others: tuple[Integers, ...]


def search(
    problem: Problem,
    surrogate: Surrogate,
    starts: Iterable[Integers],
    *,
    seed: int = 0,
    steps: int = STEPS,
    random_starts: int = RANDOM_STARTS,
) -> Found:
    """The best recipe found within all limits; never worse than the best start.

    The same arguments give the same recipe. `problem.objective` gives the random starts and the
    prices of the limits; the surrogate judges.

    Args:
        problem: the limits and the options.
        surrogate: the estimate to make small.
        starts: recipes that keep every limit, such as the additive optimum; at least one.
        seed: of the random starts and changes.
        steps: of descent in all.
        random_starts: additive optima of noisy objectives to begin at besides.
    """
    work = _Search(problem, surrogate, Neighbourhood.of(problem), steps)
    generator = np.random.default_rng(seed)
    given = [np.asarray(start, np.int64) for start in starts]
    for start in [*given, *noisy_optima(problem, generator, random_starts, noise=NOISE)]:
        work.descend(start)
    idle, patience = 0, PATIENCE + 2 * len(problem.starts)
    while work.left > 0 and idle < patience:
        idle = 0 if work.kick(generator) else idle + 1
    assert work.best is not None
    return Found(work.best, work.value, steps - work.left, work.others)


@dataclass(slots=True, eq=False)
class _Search:
    problem: Problem
    surrogate: Surrogate
    near: Neighbourhood
    left: int
    best: Integers | None = None
    value: float = field(default=float("inf"))
    _optima: dict[bytes, tuple[float, Integers]] = field(default_factory=dict)

    @property
    def others(self) -> tuple[Integers, ...]:
        """Local optima besides the best recipe, the best of them first."""
        assert self.best is not None
        ordered = sorted(self._optima.values(), key=lambda found: found[0])
        return tuple(picks for _, picks in ordered if not np.array_equal(picks, self.best))

    def descend(self, picks: Integers) -> None:
        """To the next local optimum, which is kept when it is the best so far."""
        value = self.surrogate.value(picks)
        while True:
            if value < self.value:
                self.best, self.value = picks, value
            if self.left <= 0:
                return
            self.left -= 1
            after = self._step(picks, value)
            if after is None:
                self._optima.setdefault(picks.tobytes(), (value, picks))
                return
            picks, value = after

    def _step(self, picks: Integers, value: float) -> tuple[Integers, float] | None:
        """The best move, or several good ones that do not touch each other; None at an optimum."""
        change = self.surrogate.singles(picks) - value
        moves = self._allowed(picks, self.near.moves(picks, change))
        if not len(moves):
            return None
        values = self.surrogate.moves(picks, moves)
        order = np.argsort(values, kind="stable")
        if values[order[0]] >= value * (1 - LEAST_GAIN):
            return None
        one = self.near.moved(picks, moves[order[0]])
        least = self.surrogate.value(one)
        several = 1 + len(picks) // AT_ONCE
        if several > 1:
            better = moves[order[values[order] < value][: 10 * several]]
            joint = self._together(picks, better, several)
            together = self.surrogate.value(joint)
            if together < least:
                return joint, together
        return one, least

    def _allowed(self, picks: Integers, moves: Integers) -> Integers:
        """The most promising moves; where groups are coupled, those that may go together."""
        if not self.problem.coupled:
            return moves[: self.surrogate.breadth]
        few = moves[:COUPLED_BREADTH]
        kept = [self.problem.keeps(self.near.moved(picks, move)) for move in few]
        return np.asarray(few[np.array(kept, bool)])

    def _together(self, picks: Integers, moves: Integers, most: int) -> Integers:
        """Moves one after the other that touch different groups and keep the limits."""
        after, touched, made = picks, set[int](), 0
        for move in moves:
            groups = set(self.near.owner[move[move != picks[self.near.owner[move]]]].tolist())
            tried = self.near.moved(after, move)
            if groups & touched or not self.problem.keeps(tried):
                continue
            after, made = tried, made + 1
            touched |= groups
            if made == most:
                break
        return after

    def kick(self, generator: np.random.Generator) -> bool:
        """Change a few groups of the best recipe at random, mend what that broke, and descend.

        Returns:
            Whether that led to a better recipe.
        """
        assert self.best is not None
        groups = len(self.best)
        count = min(groups, int(generator.integers(2, 5)))
        chosen = generator.choice(groups, count, replace=False)
        picks = self.best.copy()
        if self.near.components and generator.random() < 0.5:
            picks = self.near.relabelled(picks, generator)
        starts, free = self.problem.starts, self.near.free(picks)
        drawn = generator.integers(starts[chosen], starts[chosen + 1])
        picks[chosen] = np.where(free[drawn], drawn, picks[chosen])
        before, repaired = self.value, self._repaired(picks)
        self.left -= 1
        if repaired is not None and self.problem.keeps(repaired):
            self.descend(repaired)
        return self.value < before

    def _repaired(self, picks: Integers) -> Integers | None:
        """Cheaper options until every limit is kept; None when that leads nowhere."""
        near = self.near
        for _ in range(4 * len(picks)):
            over = near.room(picks) < 0
            if not over.any():
                return picks
            now = picks[near.owner]
            saved = np.maximum(near.costs[over][:, now] - near.costs[over], 0.0).sum(0)
            worse = self.surrogate.singles(picks) - self.surrogate.value(picks)
            cheaper = np.flatnonzero((saved > 0) & near.free(picks))
            if not len(cheaper):
                return None
            best = cheaper[np.argmin(worse[cheaper] / saved[cheaper])]
            picks = self.near.moved(picks, best[None])
        return None
