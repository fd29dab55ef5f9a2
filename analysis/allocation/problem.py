"""Pick one option a group so that a sum is least and other sums stay within their limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.allocation.coupling import Changes, Coupling

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


UNCOUPLED = Coupling()


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One limit: the sum of `costs` (one an option) over the picked options is at most `limit`.

    Attributes:
        changes: what changes from layer to layer add to the sum; None where they are free.
    """

    costs: Floats
    limit: float
    changes: Changes | None = None

    def total(self, picks: Integers) -> float:
        """What the picked options cost."""
        own = float(self.costs[picks].sum())
        return own if self.changes is None else own + self.changes.total(picks)

    def excess(self, picks: Integers) -> float:
        """By how much the picked options go over the limit, or 0."""
        return max(0.0, self.total(picks) - self.limit)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A multiple-choice knapsack with one or more limits.

    Attributes:
        objective: value to be made small, non-negative, (options).
        rows: the limits.
        starts: where each group's options begin, (groups + 1).
        coupling: what ties the groups together besides.
    """

    objective: Floats
    rows: Sequence[Row]
    starts: Integers
    coupling: Coupling = UNCOUPLED

    @property
    def coupled(self) -> bool:
        """Whether anything but sums over single groups counts."""
        parts = (self.coupling.links, self.coupling.widths, self.coupling.changes)
        return any(part is not None for part in (*parts, *(row.changes for row in self.rows)))

    def value(self, picks: Integers) -> float:
        """The objective of the picked options."""
        own = float(self.objective[picks].sum())
        changes = self.coupling.changes
        return own if changes is None else own + changes.total(picks)

    def keeps(self, picks: Integers) -> bool:
        """Whether the picked options stay within all limits and may go together."""
        over = any(row.excess(picks) for row in self.rows)
        return not over and not self.coupling.broken(picks)

    def above_least(self, values: Floats) -> Floats:
        """Each option's value above the least in its group, (options)."""
        least = np.minimum.reduceat(values, self.starts[:-1])
        above: Floats = values - np.repeat(least, np.diff(self.starts))
        return above

    def room(self, row: Row) -> float:
        """What the limit leaves when every group takes its least; negative when it cannot hold."""
        return row.limit - float(np.minimum.reduceat(row.costs, self.starts[:-1]).sum())

    def affordable(self) -> NDArray[np.bool_] | None:
        """Options that fit when all other groups take their least; None when nothing fits."""
        fits = np.ones(len(self.objective), bool)
        for row in self.rows:
            fits &= self.above_least(row.costs) <= self.room(row)
        return fits if np.logical_or.reduceat(fits, self.starts[:-1]).all() else None

    def only(self, kept: NDArray[np.bool_]) -> tuple["Problem", Integers]:
        """The problem with fewer options, and the old index of each that is left."""
        counts = np.add.reduceat(kept.astype(np.int64), self.starts[:-1])
        starts = np.concatenate([[0], np.cumsum(counts)])
        rows = tuple(
            Row(row.costs[kept], row.limit, row.changes and row.changes.only(kept, starts))
            for row in self.rows
        )
        coupling = self.coupling.only(kept, starts)
        return Problem(self.objective[kept], rows, starts, coupling), np.flatnonzero(kept)
