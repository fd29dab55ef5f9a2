"""A budget with its terms, posed as a problem."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from analysis.allocation.budget import Budget
from analysis.allocation.coupling import FREE, Coupling, Widths
from analysis.allocation.figures import Figures
from analysis.allocation.limits import Limit, limits_of
from analysis.allocation.narrowing import Narrowing
from analysis.allocation.options import Group, Table, decision_groups
from analysis.allocation.problem import Integers, Problem
from analysis.allocation.terms import Terms
from analysis.errors import OptionError
from analysis.sensitivity.points import Sensitivities


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One budget of one sweep, ready to be solved.

    Attributes:
        limits: those of the budget.
        problem: with the budget's limits; its objective is the additive divergence, or the bytes
            (the BOPs without swept weights) where the largest drop is limited.
    """

    groups: tuple[Group, ...]
    table: Table
    limits: tuple[Limit, ...]
    problem: Problem

    @classmethod
    def of(cls, result: Sensitivities, budget: Budget, terms: Terms) -> Self:
        """Pose it.

        Raises:
            OptionError: a lock, a limit, a profile or a constraint that does not suit the sweep.
        """
        rules = terms.rules
        narrowing = Narrowing(terms.profile, rules.forbidden)
        groups = decision_groups(result, rules.pinned, narrowing)
        table = Table.of(groups)
        cost = rules.precision_change_cost
        _check_change_cost(budget, terms)
        figures = Figures(groups, result.layers, table.starts, terms.profile, cost)
        limits = limits_of(result, budget, table, figures)
        widths = None
        if rules.max_widths is not None:
            widths = Widths(_widths(groups), rules.max_widths)
        objective, changes = table.divergence, None
        if budget.max_drop is not None and result.of("weight"):
            objective, changes = figures.stored(table.weight_bytes)
        elif budget.max_drop is not None:
            objective = table.bops
        coupling = Coupling(table.links, widths, changes)
        rows = [limit.row for limit in limits]
        return cls(groups, table, limits, Problem(objective, rows, table.starts, coupling))


def _widths(groups: tuple[Group, ...]) -> Integers:
    """Width of each option's weights; layers of one group have one."""
    found = [
        next((config.weight.bits for config in option.configs if config.weight), FREE)
        for group in groups
        for option in group.options
    ]
    return np.array(found, np.int64)


def _check_change_cost(budget: Budget, terms: Terms) -> None:
    """Refuse a cost of changes that nothing limits."""
    cost = terms.rules.precision_change_cost
    if cost is None:
        return
    stored = budget.weight_bytes is not None or budget.average_bits is not None
    for given, limited, unit, limit in (
        (cost.weight_bytes, stored or budget.max_drop is not None, "bytes", "the weight bytes"),
        (cost.latency_ms, budget.latency_ms is not None, "milliseconds", "the latency"),
    ):
        if given and not limited:
            raise OptionError(
                f"A cost of precision changes in {unit} counts against a limit of {limit}, and "
                "there is none; set that limit, or leave the cost out."
            )
