"""From a budget to rows of the problem, and the sentence for a budget that cannot be met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np

from analysis.allocation.average import bits_for, bytes_at
from analysis.allocation.budget import Budget
from analysis.allocation.drops import DropMap, fit_drops
from analysis.allocation.milp import by_milp
from analysis.allocation.options import Table
from analysis.allocation.problem import Problem, Row
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.sensitivity.points import Sensitivities


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """One limit of a budget.

    Attributes:
        asked: the limit in words, such as ``1,000 bytes of weights``.
        smallest: the same words for the limit that a total of the row's costs needs.
    """

    row: Row
    asked: str
    smallest: Callable[[float], str]


def limits_of(result: Sensitivities, budget: Budget, table: Table) -> tuple[Limit, ...]:
    """One row a limit that is given.

    Raises:
        OptionError: average bits outside 2 to 16 or without swept weights; a largest drop
            without labels.
    """
    found: list[Limit] = []
    if budget.weight_bytes is not None:
        row = Row(table.weight_bytes, float(budget.weight_bytes))
        found.append(Limit(row, _bytes(budget.weight_bytes), _bytes))
    if budget.average_bits is not None:
        row = Row(table.weight_bytes, float(bytes_at(result, budget.average_bits)))
        found.append(
            Limit(row, _bits(budget.average_bits), lambda stored: _bits(bits_for(result, stored)))
        )
    if budget.bops is not None:
        found.append(Limit(Row(table.bops, float(budget.bops)), _bops(budget.bops), _bops))
    if budget.max_drop is not None:
        found.append(_drop_limit(result, budget.max_drop, table))
    return tuple(found)


def _drop_limit(result: Sensitivities, max_drop: float, table: Table) -> Limit:
    """The divergence whose predicted loss is the largest allowed one."""
    drops = fit_drops(result)
    if drops is None:
        raise OptionError(
            "A largest drop needs cells measured with the task metric, and this sweep has none "
            "(no labels, or only a sketch); limit the bytes or the average bits instead."
        )
    least = float(np.minimum.reduceat(table.divergence, table.starts[:-1]).sum())
    allowed = drops.divergence_at(max_drop)
    if drops.at(least) <= max_drop:
        allowed = max(allowed, least)
    return Limit(
        Row(table.divergence, allowed),
        f"a predicted loss of {max_drop:g}",
        lambda divergence: f"a predicted loss of {_loss(drops, divergence):g}",
    )


def check_each(limits: Sequence[Limit], problem: Problem) -> None:
    """Refuse limits that cannot be met even alone.

    Raises:
        InfeasibleBudgetError: names the smallest value of each such limit.
    """
    broken = [limit for limit in limits if problem.room(limit.row) < 0]
    if broken:
        asked = " and ".join(limit.asked for limit in broken)
        least = " and ".join(
            limit.smallest(limit.row.limit - problem.room(limit.row)) for limit in broken
        )
        raise InfeasibleBudgetError(
            f"No recipe keeps within {asked}; the smallest that can be met is {least}, "
            "so raise the limit to that, sweep narrower widths or open locks."
        )


def joint_refusal(limits: Sequence[Limit], problem: Problem) -> InfeasibleBudgetError:
    """Why limits that can be met one by one cannot be met together."""
    together = " and ".join(limit.asked for limit in limits)
    for limit in limits:
        others = [other.row for other in limits if other is not limit]
        picks = by_milp(Problem(limit.row.costs, others, problem.starts))
        if picks is not None:
            least = limit.smallest(float(limit.row.costs[picks].sum()))
            return InfeasibleBudgetError(
                f"No recipe keeps within {together} at once; with the rest as it is, the smallest "
                f"that can be met is {least}."
            )
    return InfeasibleBudgetError(
        f"No recipe keeps within {together} at once, nor when one of them is lifted; "
        "raise at least two of the limits."
    )


def _bytes(stored: float) -> str:
    return f"{ceil(stored):,} bytes of weights"


def _bits(bits: float | None) -> str:
    return "more than 16 bits on average" if bits is None else f"{bits:g} bits on average"


def _bops(bops: float) -> str:
    return f"{ceil(bops):,} BOPs"


def _loss(drops: DropMap, divergence: float) -> float:
    """The predicted loss, rounded up to three digits, so that it can be met as it is printed."""
    loss = float(drops.at(divergence))
    if loss <= 0:
        return 0.0
    unit = 10.0 ** (floor(log10(loss)) - 2)
    return float(f"{ceil(loss / unit * (1 + 1e-9)) * unit:.3g}")
