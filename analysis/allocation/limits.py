"""From a budget to rows of the problem, and the sentence for a budget that cannot be met."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, floor, log10

import numpy as np

from analysis.allocation.average import bits_for, bytes_at
from analysis.allocation.budget import Budget
from analysis.allocation.drops import DropMap, fit_drops
from analysis.allocation.figures import Cost, Figures
from analysis.allocation.milp import by_milp
from analysis.allocation.options import Table
from analysis.allocation.problem import Floats, Problem, Row
from analysis.errors import InfeasibleBudgetError, OptionError
from analysis.sensitivity.points import Sensitivities


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """One limit of a budget.

    Attributes:
        asked: the limit in words, such as ``1,000 bytes of weights``.
        smallest: the same words for the limit that a total of the row's costs needs.
        name: field of the budget.
        largest: where the largest value of the picked options is limited, not their sum: that
            value of each option. The row then counts the options that exceed the limit.
    """

    row: Row
    asked: str
    smallest: Callable[[float], str]
    name: str = ""
    largest: Floats | None = None


def limits_of(
    result: Sensitivities, budget: Budget, table: Table, figures: Figures | None = None
) -> tuple[Limit, ...]:
    """One row a limit that is given.

    Args:
        result: a sweep.
        budget: the limits.
        table: costs of the options.
        figures: their costs on hardware; limits of memory, time and energy need them.

    Raises:
        OptionError: average bits outside 2 to 16 or without swept weights; a largest drop
            without labels; time or energy without a table or with a row missing.
    """
    found: list[Limit] = []
    stored: Cost = (table.weight_bytes, None)
    if figures is not None:
        stored = figures.stored(table.weight_bytes)
    if budget.weight_bytes is not None:
        row = Row(stored[0], float(budget.weight_bytes), stored[1])
        found.append(Limit(row, _bytes(budget.weight_bytes), _bytes, "weight_bytes"))
    if budget.average_bits is not None:
        row = Row(stored[0], float(bytes_at(result, budget.average_bits)), stored[1])
        words = _bits(budget.average_bits)
        found.append(Limit(row, words, lambda b: _bits(bits_for(result, b)), "average_bits"))
    if budget.bops is not None:
        row = Row(table.bops, float(budget.bops))
        found.append(Limit(row, _bops(budget.bops), _bops, "bops"))
    if budget.max_drop is not None:
        found.append(_drop_limit(result, budget.max_drop, table))
    return (*found, *_hardware_limits(budget, figures))


def _hardware_limits(budget: Budget, figures: Figures | None) -> Iterator[Limit]:
    """Limits of memory, time and energy."""
    asked = (budget.peak_activation_bytes, budget.latency_ms, budget.energy_uj)
    if all(limit is None for limit in asked):
        return
    if figures is None:
        raise OptionError(
            "Limits of activation memory, time and energy need the costs on hardware; solve them "
            "by 'allocate'."
        )
    if budget.peak_activation_bytes is not None:
        peaks, limit = figures.peaks(), budget.peak_activation_bytes
        row = Row((peaks > limit).astype(float), 0.0)
        yield Limit(row, _memory(limit), _memory, "peak_activation_bytes", peaks)
    for name, unit, given, cost in (
        ("latency_ms", "ms", budget.latency_ms, figures.latency),
        ("energy_uj", "µJ", budget.energy_uj, figures.energy),
    ):
        if given is not None:
            own, changes = cost()
            # sums in another order differ in the last digits, and must not go over
            row = Row(own, given * (1 - 1e-12), changes)
            yield Limit(row, f"{given:g} {unit}", partial(_upwards, unit=unit), name)


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
        "max_drop",
    )


def check_each(limits: Sequence[Limit], problem: Problem) -> None:
    """Refuse limits that cannot be met even alone.

    Raises:
        InfeasibleBudgetError: names the smallest value of each such limit.
    """
    broken = [limit for limit in limits if problem.room(limit.row) < 0]
    if broken:
        asked = " and ".join(limit.asked for limit in broken)
        least = " and ".join(limit.smallest(_least_alone(limit, problem)) for limit in broken)
        raise InfeasibleBudgetError(
            f"No recipe keeps within {asked}; the smallest that can be met is {least}, "
            "so raise the limit to that, sweep narrower widths or open locks."
        )


def _least_alone(limit: Limit, problem: Problem) -> float:
    """The limit that must be met when each group takes the option that is best for it."""
    if limit.largest is not None:
        return float(np.minimum.reduceat(limit.largest, problem.starts[:-1]).max())
    return limit.row.limit - problem.room(limit.row)


def joint_refusal(
    limits: Sequence[Limit], problem: Problem, others: Sequence[Limit] = (), given: str = ""
) -> InfeasibleBudgetError:
    """Why limits that can be met one by one cannot be met together.

    Args:
        limits: those to be named; they cannot be met together.
        problem: whose options and couplings they meet.
        others: further limits of the budget, that shall hold too where a way out is told.
        given: what else stands in the way, such as `` with at most 2 different widths``.
    """
    together = f"No recipe{given} keeps within {' and '.join(limit.asked for limit in limits)}"
    at_once = " at once" if len(limits) > 1 else ""
    for limit in limits:
        rest = [other for other in (*limits, *others) if other is not limit]
        least = least_of(limit, problem, rest)
        if least is not None:
            return InfeasibleBudgetError(
                f"{together}{at_once}; with the rest as it is, the smallest that can be met is "
                f"{least}."
            )
    return InfeasibleBudgetError(
        f"{together} at once, nor when one of them is lifted; raise at least two of the limits."
        if len(limits) > 1
        else f"{together}, whatever that limit is; lift one of the other demands too."
    )


def least_of(limit: Limit, problem: Problem, rest: Sequence[Limit]) -> str | None:
    """The smallest value of a limit that can be met beside others, in words; None if none can."""
    rows = [other.row for other in rest]
    if limit.largest is not None:
        return _least_largest(limit, limit.largest, replace(problem, rows=rows))
    coupling = replace(problem.coupling, changes=limit.row.changes)
    picks = by_milp(Problem(limit.row.costs, rows, problem.starts, coupling))
    return None if picks is None else limit.smallest(limit.row.total(picks))


def _least_largest(limit: Limit, values: Floats, problem: Problem) -> str | None:
    """By halving the list of values that occur."""
    found = np.unique(values)
    low, high = 0, len(found)
    while low < high:
        middle = (low + high) // 2
        row = Row((values > found[middle]).astype(float), 0.0)
        if by_milp(replace(problem, rows=[*problem.rows, row])) is None:
            low = middle + 1
        else:
            high = middle
    return limit.smallest(float(found[low])) if low < len(found) else None


def _bytes(stored: float) -> str:
    return f"{ceil(stored):,} bytes of weights"


def _bits(bits: float | None) -> str:
    return "more than 16 bits on average" if bits is None else f"{bits:g} bits on average"


def _bops(bops: float) -> str:
    return f"{ceil(bops):,} BOPs"


def _memory(held: float) -> str:
    return f"{ceil(held):,} bytes of activations"


def _upwards(value: float, unit: str) -> str:
    """Rounded up to four digits, so that it can be met as it is printed."""
    step = 10.0 ** (floor(log10(value)) - 3) if value > 0 else 1.0
    return f"{ceil(value / step * (1 + 1e-9)) * step:.4g} {unit}"


def _loss(drops: DropMap, divergence: float) -> float:
    """The predicted loss, rounded up to three digits, so that it can be met as it is printed."""
    loss = float(drops.at(divergence))
    if loss <= 0:
        return 0.0
    unit = 10.0 ** (floor(log10(loss)) - 2)
    return float(f"{ceil(loss / unit * (1 + 1e-9)) * unit:.3g}")
