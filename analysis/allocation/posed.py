"""A budget posed as a problem: what `allocate` solves, for those who solve it otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.case import Case
from analysis.allocation.options import Group, Table, recipe_of
from analysis.allocation.problem import Integers, Problem
from analysis.allocation.terms import TermKeywords, Terms
from analysis.errors import OptionError
from analysis.hardware.figures import HardwareCost, hardware_cost
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """One budget of one sweep.

    Attributes:
        groups: decision groups with their options.
        table: their costs and divergences.
        problem: limits and couplings; its objective is the additive divergence.
        additive: the additive optimum, (groups).
        terms: how the budget is to be spent.
        change_ms: time of one change of widths, where time is limited.
    """

    result: Sensitivities
    groups: Sequence[Group]
    table: Table
    problem: Problem
    additive: Integers
    terms: Terms
    change_ms: float

    def recipe(self, picks: Integers, name: str) -> Recipe:
        """The recipe that takes the picked options."""
        firsts = (picks - self.table.starts[:-1]).tolist()
        return recipe_of(self.result, self.groups, firsts, name)

    def hardware(self, recipe: Recipe) -> HardwareCost:
        """Activation memory, and time and energy by the tables of the profile."""
        return hardware_cost(
            self.result.layers, recipe, self.terms.profile, change_ms=self.change_ms
        )

    def picks(self, recipe: Recipe) -> Integers:
        """The options that a recipe takes.

        Raises:
            OptionError: it takes something the sweep has not measured.
        """
        return picks_of(self.groups, recipe)


def pose(result: Sensitivities, budget: Budget, **terms: Unpack[TermKeywords]) -> Posed:
    """The problem behind `allocate` with its solution.

    Raises:
        InfeasibleBudgetError, OptionError: as `allocate`; also for a largest drop, which is no
            limit on a sum of the options here (`analysis.decide` turns it into one).
    """
    if budget.max_drop is not None:
        raise OptionError("A largest drop cannot be posed as a sum; limit the bytes instead.")
    additive = allocate(result, budget, **terms)
    given = Terms(**terms)
    case = Case.of(result, budget, given)
    picks = picks_of(case.groups, additive.recipe)
    paid = given.rules.precision_change_cost
    change_ms = paid.latency_ms if paid is not None and budget.latency_ms is not None else 0.0
    return Posed(result, case.groups, case.table, case.problem, picks, given, change_ms)


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
