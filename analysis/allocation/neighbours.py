"""Recipes near a recipe: which moves a search should look at."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.allocation.coupling import FREE
from analysis.allocation.problem import Floats, Integers, Problem
from analysis.allocation.relaxed import relaxed
from analysis.allocation.surrogates.surrogate import owners

WIDEST = 3
"""Groups that one move sets at most."""

PAIRED, TRIPLED = 36, 11
"""Raises and lowerings that are combined in pairs and in threes: 36^2 + 2 * 11^3 / 2 < 3,000."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The limits of a problem, ready for moves.

    Attributes:
        costs: of each row and option, (rows, options).
        limits: (rows).
        priced: all rows' costs in one number, each weighed by its price in the linear
            relaxation, (options).
        owner: group of each option, (options).
        labels: of each option where its group is linked to others, else `FREE`, (options).
        components: groups that are linked.
    """

    costs: Floats
    limits: Floats
    priced: Floats
    owner: Integers
    labels: Integers
    components: tuple[Integers, ...]

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Prices by the additive objective; a limit that does not bind has none."""
        costs = np.stack([row.costs for row in problem.rows])
        limits = np.array([row.limit for row in problem.rows])
        relaxation = relaxed(problem)
        prices = np.ones(len(limits)) if relaxation is None else relaxation.prices
        owner, links = owners(problem.starts), problem.coupling.links
        labels = np.full(len(owner), FREE)
        components: tuple[Integers, ...] = ()
        if links is not None:
            components = links.components
            linked = np.isin(owner, np.concatenate(components))
            labels[linked] = links.labels[linked]
        return cls(costs, limits, prices @ costs, owner, labels, components)

    def room(self, picks: Integers) -> Floats:
        """What each limit leaves, (rows); negative where it is broken."""
        return np.asarray(self.limits - self.costs[:, picks].sum(1))

    def free(self, picks: Integers) -> NDArray[np.bool_]:
        """Options that keep the label their linked groups have, (options)."""
        return np.asarray(self.labels == self.labels[picks[self.owner]])

    def relabelled(self, picks: Integers, generator: np.random.Generator) -> Integers:
        """One component of linked groups at another label, each group at about its own cost."""
        after = picks.copy()
        members = self.components[int(generator.integers(len(self.components)))]
        mine = [np.flatnonzero(self.owner == group) for group in members]
        common = set[int]().union(*(set(self.labels[options].tolist()) for options in mine))
        label = int(generator.choice(sorted(common)))
        for group, options in zip(members, mine, strict=True):
            fitting = options[self.labels[options] == label]
            if len(fitting):
                away = np.abs(self.costs[:, fitting] - self.costs[:, [picks[group]]]).sum(0)
                after[group] = fitting[np.argmin(away)]
        return after

    def moved(self, picks: Integers, move: Integers) -> Integers:
        """The recipe after a move."""
        after = picks.copy()
        changed = move[move != picks[self.owner[move]]]
        after[self.owner[changed]] = changed
        return after

    def moves(self, picks: Integers, change: Floats) -> Integers:
        """Moves that keep every limit, (moves, `WIDEST`), the most promising first.

        Single options that lessen the estimate; a raise with a lowering; two raises with a
        lowering and one raise with two. Raises and lowerings are taken by their change of the
        estimate for each unit of priced cost, from those near the Lagrangian optimum on. Linked
        groups keep their label.

        Args:
            picks: option of each group.
            change: of the estimate when one group moves to an option, (options).
        """
        now = picks[self.owner]
        extra = self.costs - self.costs[:, now]
        priced = self.priced - self.priced[now]
        other = self.free(picks) & (now != np.arange(len(now)))
        single = np.flatnonzero(other & (change < 0))
        raises = _steepest(np.flatnonzero(other & (change < 0) & (priced > 0)), -change, priced)
        lowerings = _steepest(np.flatnonzero(other & (priced < 0)), change, priced)
        found = [
            self._padded(single[:, None], now),
            self._padded(_combined(raises[:PAIRED], lowerings[:PAIRED]), now),
            _combined(_unequal(raises[:TRIPLED]), lowerings[:TRIPLED]),
            _combined(raises[:TRIPLED], _unequal(lowerings[:TRIPLED])),
        ]
        every = np.concatenate(found)
        if not len(every):
            return every
        fits = np.all(extra[:, every].sum(2) <= self.room(picks)[:, None], axis=0)
        kept = every[fits & self._apart(every, now)]
        order: Integers = np.argsort(change[kept].sum(1), kind="stable")
        return np.asarray(kept[order])

    def _padded(self, moves: Integers, now: Integers) -> Integers:
        """Filled up to `WIDEST` with the pick of the first group, which changes nothing."""
        missing = WIDEST - moves.shape[1]
        return np.concatenate([moves, *([now[moves[:, :1]]] * missing)], axis=1)

    def _apart(self, moves: Integers, now: Integers) -> NDArray[np.bool_]:
        """Whether the options that change anything belong to different groups."""
        changes = moves != now[moves]
        groups = np.where(changes, self.owner[moves], -1 - np.arange(WIDEST))
        ordered = np.sort(groups, axis=1)
        return np.asarray((ordered[:, 1:] != ordered[:, :-1]).all(1))


def _steepest(options: Integers, change: Floats, priced: Floats) -> Integers:
    """Options by falling change for each unit of cost."""
    return options[np.argsort(-change[options] / priced[options], kind="stable")]


def _combined(first: Integers, second: Integers) -> Integers:
    """Every row of the first with every row of the second."""
    a, b = np.atleast_2d(first.T).T, np.atleast_2d(second.T).T
    return np.concatenate([np.repeat(a, len(b), axis=0), np.tile(b, (len(a), 1))], axis=1)


def _unequal(options: Integers) -> Integers:
    """Every two different options."""
    first, second = np.triu_indices(len(options), 1)
    return np.stack([options[first], options[second]], axis=1)
