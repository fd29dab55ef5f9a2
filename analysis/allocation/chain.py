"""Groups one after the other, with costs of changes from each to the next: sums by recursion.

With a price for each limit, the best that can follow an option is found by dynamic programming
(Viterbi). That bounds every partial recipe; the bound of the whole is the linear relaxation's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.allocation.coupling import Changes, Mask
from analysis.allocation.problem import Floats, Integers, Problem

Steps = list[NDArray[np.float64] | None]
"""Cost of each pair of options of neighbours, (options, next options); None where it is free."""


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """A problem without linked groups, whose changes are from each group to the next alone.

    Attributes:
        values: objective and the costs of each limit, for the options of each group,
            (1 + rows, options) each.
        steps: the same for changes into each group, first of the objective.
        limits: (rows).
    """

    values: list[Floats]
    steps: list[Steps]
    limits: Floats

    @classmethod
    def of(cls, problem: Problem) -> Self | None:
        """None for a problem of another form."""
        if problem.coupling.links is not None or problem.coupling.widths is not None:
            return None
        all_changes = [problem.coupling.changes, *(row.changes for row in problem.rows)]
        if any(not _forward(changes) for changes in all_changes):
            return None
        table = np.stack([problem.objective, *(row.costs for row in problem.rows)]).astype(float)
        values = np.split(table, problem.starts[1:-1], axis=1)
        counts = np.diff(problem.starts).tolist()
        steps = [_steps(changes, counts) for changes in all_changes]
        return cls(values, steps, np.array([row.limit for row in problem.rows]))

    def priced(self, weights: Floats) -> tuple[list[Floats], Steps]:
        """Options and changes at these weights of the objective and of each limit."""
        options = [weights @ value for value in self.values]
        moves: Steps = []
        for place in range(len(options)):
            found = None
            for weight, steps in zip(weights.tolist(), self.steps, strict=True):
                step = steps[place]
                if step is not None and weight:
                    found = weight * step if found is None else found + weight * step
            moves.append(found)
        return options, moves

    def ahead(self, weights: Floats) -> list[Floats]:
        """The least that the groups after each option's cost at these weights, by group."""
        options, moves = self.priced(weights)
        rest = [np.zeros(len(options[-1]))]
        for place in range(len(options) - 1, 0, -1):
            after, move = options[place] + rest[-1], moves[place]
            if move is None:
                rest.append(np.full(len(options[place - 1]), after.min()))
            else:
                rest.append((move + after).min(axis=1))
        return rest[::-1]

    def bounds(self, prices: Floats, offered: Mask) -> Floats:
        """What no recipe of these options that keeps the limits is below, for any prices.

        Args:
            prices: of the limits, non-negative, (rows).
            offered: which options there are, (sets, options).

        Returns:
            One bound a set, infinite where a group has no option, (sets,).
        """
        options, moves = self.priced(np.concatenate([[1.0], prices]))
        ends = np.cumsum([len(option) for option in options])[:-1]
        shown = np.split(offered, ends, axis=1)
        rest = np.zeros(shown[-1].shape)
        for place in range(len(options) - 1, -1, -1):
            after = np.where(shown[place], options[place] + rest, np.inf)
            move = moves[place]
            least = after.min(axis=1)
            if place and move is not None:
                rest = (move + after[:, None, :]).min(axis=2)
            elif place:
                rest = np.repeat(least[:, None], len(options[place - 1]), axis=1)
        bounds: Floats = least - prices @ self.limits
        return bounds


def _forward(changes: Changes | None) -> bool:
    return changes is None or all(one.second == one.first + 1 for one in changes.of)


def _steps(changes: Changes | None, counts: Sequence[int]) -> Steps:
    steps: Steps = [None] * len(counts)
    for one in () if changes is None else changes.of:
        differs = one.cost * (one.before[:, None] != one.after[None, :])
        known = steps[one.second]
        steps[one.second] = differs if known is None else known + differs
    return steps


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """What a walk over partial recipes has found.

    Attributes:
        picks: the best recipe, (groups); None where the walk met none better than asked.
        bound: no recipe has a smaller objective, unless it is within what was asked to beat.
    """

    picks: Integers | None
    bound: float


def look(chain: Chain, starts: Integers, prices: Floats, beat: float, most: int) -> Looked:
    """Extend partial recipes group by group; leave out what cannot be better than `beat`.

    Each partial recipe is bounded by its own costs and the best that can follow at the prices
    (label setting for the shortest path with limits, Desrochers and Soumis, INFOR 26, 1988).
    Where more than `most` remain those of the least bound are followed, and the bound of the rest
    is kept, so that the answer says how good it is.

    Args:
        chain: the problem.
        starts: where each group's options begin, (groups + 1).
        prices: of the limits, non-negative, (rows).
        beat: recipes of at least this objective are of no use; may be infinite.
        most: so many partial recipes at a time.
    """
    weights = np.concatenate([[1.0], prices])
    paid = float(prices @ chain.limits)
    rest = chain.ahead(weights)
    rooms = [chain.ahead(np.eye(len(weights))[1 + row]) for row in range(len(chain.limits))]
    sums = np.zeros((len(weights), 1))
    last = np.zeros(1, np.int64)
    history: list[tuple[Integers, Integers]] = []
    left_out: float = np.inf
    slack = 1e-9 * np.abs(chain.limits)
    for place, value in enumerate(chain.values):
        grown = sums[:, :, None] + value[:, None, :]
        for number, steps in enumerate(chain.steps):
            step = steps[place]
            if step is not None:
                grown[number] += step[last]
        bounds = np.tensordot(weights, grown, 1) + rest[place][None, :] - paid
        fits = bounds < beat
        for row, room in enumerate(rooms):
            fits &= grown[1 + row] + room[place][None, :] <= chain.limits[row] + slack[row]
        parents, options = np.nonzero(fits)
        if not len(parents):
            return Looked(None, min(left_out, beat))
        found = bounds[parents, options]
        if len(parents) > most:
            order = np.argpartition(found, most)
            left_out = min(left_out, float(found[order[most:]].min()))
            parents, options = parents[order[:most]], options[order[:most]]
        sums, last = grown[:, parents, options], options
        history.append((parents, options))
    place = int(np.argmin(sums[0]))
    total = float(sums[0, place])
    picks = np.empty(len(history), np.int64)
    for group in range(len(history) - 1, -1, -1):
        parents, options = history[group]
        picks[group] = starts[group] + options[place]
        place = int(parents[place])
    return Looked(picks, min(left_out, total))
