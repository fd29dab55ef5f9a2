"""The best recipe within a budget."""

from dataclasses import replace
from typing import Unpack

from analysis.allocation.budget import Budget, Choice
from analysis.allocation.case import Case
from analysis.allocation.conflicts import refusal
from analysis.allocation.constraints import Constraints
from analysis.allocation.limits import check_each
from analysis.allocation.merged import by_linked_hull
from analysis.allocation.milp import by_milp
from analysis.allocation.options import recipe_of
from analysis.allocation.predict import to_choice
from analysis.allocation.problem import Integers, Problem, Row
from analysis.allocation.terms import Solver as Solver
from analysis.allocation.terms import TermKeywords, Terms
from analysis.errors import OptionError
from analysis.hardware.figures import hardware_cost
from analysis.sensitivity.points import Sensitivities


def allocate(result: Sensitivities, budget: Budget, **terms: Unpack[TermKeywords]) -> Choice:
    """Choose one option for each decision group.

    Without a largest drop the sum of the measured single-layer divergences is made least
    (additive surrogate: a multiple-choice knapsack). With one, the bytes are (the BOPs where only
    activations were swept), and of the smallest recipes the one of least divergence is taken. All
    limits and constraints hold at once; the same call gives the same recipe.

    Args:
        result: a sweep, finished or not; only what it has measured can be chosen.
        budget: the limits.
        **terms: `locked` layers, `solver` ("milp" or "hull"), `name` of the recipe, a hardware
            `profile` and `constraints`; see `Terms`.

    Raises:
        InfeasibleBudgetError: no recipe keeps the limits; names which demands contradict each
            other and the smallest limit that can be met.
        OptionError: a lock, a limit, a profile or a constraint that does not suit this sweep, or
            too little measured yet.
    """
    given = Terms(**terms)
    case = Case.of(result, budget, given)
    picks = _solved(case, given)
    if picks is None:
        if given.profile is None and given.rules == Constraints() and not case.problem.coupled:
            check_each(case.limits, case.problem)
        raise refusal(result, budget, given)
    if budget.max_drop is not None and given.solver == "milp":
        picks = _least_harm(case, picks)
    firsts = picks - case.table.starts[:-1]
    choice = to_choice(result, recipe_of(result, case.groups, firsts.tolist(), given.name))
    paid = given.rules.precision_change_cost
    change_ms = paid.latency_ms if paid is not None and budget.latency_ms is not None else 0.0
    figures = hardware_cost(result.layers, choice.recipe, given.profile, change_ms=change_ms)
    return replace(choice, hardware=figures)


def _solved(case: Case, terms: Terms) -> Integers | None:
    """Option of each group with the least objective, or None."""
    if terms.solver == "hull":
        _check_hull(case, terms)
        picks = by_linked_hull(case.problem)
        if picks is not None:  # the walk can meet several limits nowhere, where a recipe does
            return picks
    return by_milp(case.problem)


def _check_hull(case: Case, terms: Terms) -> None:
    """Refuse what the hull cannot hold."""
    paid = any(row.changes is not None for row in case.problem.rows)
    for given, words in (
        (terms.rules.max_widths is not None, "a largest number of widths"),
        (terms.rules.precision_change_cost is not None, "a cost of precision changes"),
        (paid, "the cost of precision changes in the profile's table"),
    ):
        if given:
            raise OptionError(
                f"The solver 'hull' knows limits, pins and forbidden widths, not {words}; "
                "take the solver 'milp'."
            )


def _least_harm(case: Case, picks: Integers) -> Integers:
    """Of the recipes with the objective of this one, the one of least divergence."""
    problem = case.problem
    same = Row(problem.objective, problem.value(picks), problem.coupling.changes)
    coupling = replace(problem.coupling, changes=None)
    rows = [*problem.rows, same]
    equals = by_milp(Problem(case.table.divergence, rows, problem.starts, coupling), known=picks)
    return picks if equals is None else equals
