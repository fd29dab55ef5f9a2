"""The best recipe within a budget."""

from collections.abc import Mapping
from typing import Literal

from analysis.allocation.approximate import by_hull
from analysis.allocation.budget import Budget, Choice
from analysis.allocation.limits import Limit, check_each, joint_refusal, limits_of
from analysis.allocation.milp import by_milp
from analysis.allocation.options import Table, decision_groups, recipe_of
from analysis.allocation.predict import to_choice
from analysis.allocation.problem import Floats, Integers, Problem, Row
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities

Solver = Literal["milp", "hull"]
_NO_LOCKS: Mapping[str, LayerConfig] = {}


def allocate(
    result: Sensitivities,
    budget: Budget,
    *,
    locked: Mapping[str, LayerConfig] = _NO_LOCKS,
    solver: Solver = "milp",
    name: str = "mixed",
) -> Choice:
    """Choose one option for each decision group.

    Without a largest drop the sum of the measured single-layer divergences is made least
    (additive surrogate: a multiple-choice knapsack). With one, the bytes are (the BOPs where only
    activations were swept), and of the smallest recipes the one of least divergence is taken. All
    limits hold at once; the same call gives the same recipe.

    Args:
        result: a sweep, finished or not; only what it has measured can be chosen.
        budget: the limits.
        locked: layers that are decided already, with their group.
        solver: "milp" is exact; "hull" takes milliseconds for hundreds of layers and loses little
            there, more in networks of few layers.
        name: of the recipe.

    Raises:
        InfeasibleBudgetError: no recipe keeps the limits; names the smallest that can be met.
        OptionError: a lock or a limit that does not suit this sweep, or too little measured yet.
    """
    groups = decision_groups(result, locked)
    table = Table.of(groups)
    limits = limits_of(result, budget, table)
    if budget.max_drop is None:
        picks = _within(table.divergence, limits, table, solver)
    else:
        costs = table.weight_bytes if result.of("weight") else table.bops
        picks = _within(costs, limits, table, solver)
        if solver == "milp":
            rows = [*(limit.row for limit in limits), Row(costs, float(costs[picks].sum()))]
            equals = by_milp(Problem(table.divergence, rows, table.starts), known=picks)
            picks = picks if equals is None else equals
    firsts = picks - table.starts[:-1]
    return to_choice(result, recipe_of(result, groups, firsts.tolist(), name))


def _within(objective: Floats, limits: tuple[Limit, ...], table: Table, solver: Solver) -> Integers:
    """Option of each group with the least objective; refuses limits that cannot be met."""
    problem = Problem(objective, [limit.row for limit in limits], table.starts)
    check_each(limits, problem)
    picks = by_hull(problem) if solver == "hull" else None
    if picks is None:  # the exact solver was asked for, or the walk met several limits nowhere
        picks = by_milp(problem)
    if picks is None:
        raise joint_refusal(limits, problem)
    return picks
