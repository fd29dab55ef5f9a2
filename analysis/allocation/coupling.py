"""What ties decision groups together besides the sums that are limited."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

FREE = -1
"""Label of an option that goes with every label, and width of one that quantises no weight."""


@dataclass(frozen=True, slots=True, eq=False)
class Links:
    """Groups that must take options of one label (one kernel for their inputs).

    Attributes:
        labels: of each option, or `FREE`, (options).
        components: groups that are linked, two or more in each.
    """

    labels: Integers
    components: tuple[Integers, ...]

    def broken(self, picks: Integers) -> bool:
        """Whether linked groups differ."""
        return any(len(self.taken(picks, groups)) > 1 for groups in self.components)

    def taken(self, picks: Integers, groups: Integers) -> set[int]:
        """Labels that these groups take."""
        return set(self.labels[picks[groups]].tolist()) - {FREE}


@dataclass(frozen=True, slots=True, eq=False)
class Widths:
    """A largest number of different widths.

    Attributes:
        of: width of each option's weights, or `FREE`, (options).
        most: how many different ones there may be.
    """

    of: Integers
    most: int

    def broken(self, picks: Integers) -> bool:
        """Whether there are too many."""
        return len(self.taken(picks)) > self.most

    def taken(self, picks: Integers) -> set[int]:
        """Widths in use."""
        return set(self.of[picks].tolist()) - {FREE}


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Two groups with layers that follow each other, and what it costs when their classes differ.

    Attributes:
        first, second: the groups.
        before, after: class of each of their own options, counted from the group's first.
    """

    first: int
    second: int
    before: Integers
    after: Integers
    cost: float


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """A cost of changes from layer to layer.

    Attributes:
        starts: where each group's options begin, (groups + 1).
    """

    of: Sequence[Change]
    starts: Integers

    def total(self, picks: Integers) -> float:
        """What the picked options pay."""
        local = (picks - self.starts[:-1]).tolist()
        return sum(
            change.cost
            for change in self.of
            if change.before[local[change.first]] != change.after[local[change.second]]
        )

    def only(self, kept: Mask, starts: Integers) -> "Changes":
        """With fewer options; `starts` are the new ones."""
        parts = [kept[a:b] for a, b in zip(self.starts[:-1], self.starts[1:], strict=True)]
        found = [
            Change(
                change.first,
                change.second,
                change.before[parts[change.first]],
                change.after[parts[change.second]],
                change.cost,
            )
            for change in self.of
        ]
        return Changes(found, starts)


@dataclass(frozen=True, slots=True, eq=False)
class Coupling:
    """Everything of a problem that is no sum over single groups; None where there is nothing.

    Attributes:
        changes: part of the objective.
    """

    links: Links | None = None
    widths: Widths | None = None
    changes: Changes | None = None

    def broken(self, picks: Integers) -> bool:
        """Whether the picked options may not go together."""
        parts = (part for part in (self.links, self.widths) if part is not None)
        return any(part.broken(picks) for part in parts)

    def only(self, kept: Mask, starts: Integers) -> "Coupling":
        """With fewer options; `starts` are the new ones."""
        return Coupling(
            None if self.links is None else Links(self.links.labels[kept], self.links.components),
            None if self.widths is None else Widths(self.widths.of[kept], self.widths.most),
            None if self.changes is None else self.changes.only(kept, starts),
        )
