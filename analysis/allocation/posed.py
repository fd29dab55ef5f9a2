"""A budget posed as a problem: what `allocate` solves, for those who solve it otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.limits import limits_of
from analysis.allocation.options import Group, Table, decision_groups, recipe_of
from analysis.allocation.problem import Integers, Problem
from analysis.errors import OptionError
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """One budget of one sweep.

    Attributes:
        groups: decision groups with their options.
        table: their costs and divergences.
        problem: the limits; its objective is the additive divergence.
        additive: the additive optimum, (groups).
    """

    result: Sensitivities
    groups: Sequence[Group]
    table: Table
    problem: Problem
    additive: Integers

    def recipe(self, picks: Integers, name: str) -> Recipe:
        """The recipe that takes the picked options."""
        firsts = (picks - self.table.starts[:-1]).tolist()
        return recipe_of(self.result, self.groups, firsts, name)

    def picks(self, recipe: Recipe) -> Integers:
        """The options that a recipe takes.

        Raises:
            OptionError: it takes something the sweep has not measured.
        """
        return picks_of(self.groups, recipe)


def pose(result: Sensitivities, budget: Budget, *, locked: Mapping[str, LayerConfig]) -> Posed:
    """The problem behind `allocate` with its solution; a largest drop is not among its limits.

    Raises:
        InfeasibleBudgetError, OptionError: as `allocate`.
    """
    additive = allocate(result, budget, locked=locked)
    groups = decision_groups(result, locked)
    table = Table.of(groups)
    rows = [limit.row for limit in limits_of(result, replace(budget, max_drop=None), table)]
    problem = Problem(table.divergence, rows, table.starts)
    return Posed(result, groups, table, problem, picks_of(groups, additive.recipe))


def picks_of(groups: Sequence[Group], recipe: Recipe) -> Integers:
    """Flat number of the option each group takes in a recipe, (groups).

    Raises:
        OptionError: it takes something the sweep has not measured.
    """
    picks: list[int] = []
    first = 0
    for group in groups:
        wanted = tuple(recipe.layers.get(layer.name, LayerConfig()) for layer in group.layers)
        known = [option.configs for option in group.options]
        if wanted not in known:
            raise OptionError(
                f"The recipe takes something for {group.layers[0].name!r} that was not measured; "
                "choose swept specs, or sweep this one."
            )
        picks.append(first + known.index(wanted))
        first += len(known)
    return np.array(picks, np.int64)
