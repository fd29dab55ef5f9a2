"""What the search needs of an estimate, and which cells an option quantises."""

from collections.abc import Sequence
from typing import Literal, Protocol

import numpy as np

from analysis.allocation.cells import quantised
from analysis.allocation.options import Group, Option
from analysis.allocation.problem import Floats, Integers
from analysis.layers import Layer
from analysis.sensitivity.points import Cell

SurrogateName = Literal["additive", "pairwise", "cautious", "superposition"]
"""A cautious estimate is the pairwise one with half weight on its pairs."""


class Surrogate(Protocol):
    """An estimate of a recipe's divergence, without running the model.

    A recipe is a vector of picks, as in `Problem`: the flat number of the option each group takes.
    """

    @property
    def name(self) -> SurrogateName:
        """Which estimate this is."""

    @property
    def breadth(self) -> int:
        """How many moves are worth evaluating at once; more would take too long."""

    def value(self, picks: Integers) -> float:
        """Estimated divergence of one recipe, (groups) to a number."""

    def singles(self, picks: Integers) -> Floats:
        """Estimate with one group moved to each option in turn, (options).

        The search looks at these to find candidates; they may be approximate.
        """

    def moves(self, picks: Integers, candidates: Integers) -> Floats:
        """Estimate after each move, (moves, width) to (moves).

        A move sets the groups of its options; options of one move belong to different groups. An
        option that is picked already changes nothing and fills up shorter moves.
        """


def owners(starts: Integers) -> Integers:
    """Group of each option, (options)."""
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))


def cells_of(groups: Sequence[Group]) -> tuple[tuple[Cell, ...], ...]:
    """The cells each option quantises, in the order of the flat options."""
    return tuple(_cells(group.layers, option) for group in groups for option in group.options)


def _cells(layers: Sequence[Layer], option: Option) -> tuple[Cell, ...]:
    return tuple(
        Cell(layer.name, target, spec.label)
        for layer, config in zip(layers, option.configs, strict=True)
        for target, spec in quantised(config)
    )
