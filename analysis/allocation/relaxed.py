"""The linear relaxation: what a unit of each limit is worth, and how good a recipe can be."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from analysis.allocation.problem import Floats, Problem
from analysis.allocation.quiet import quiet_stdout


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """Lagrangian view of a problem.

    Attributes:
        prices: objective a unit of each row's cost, non-negative, (rows).
        bound: no recipe that keeps the limits has a smaller objective.
        regret: at least so much worse than `bound` is any recipe with this option, (options)
            (reduced cost; options whose regret exceeds a known recipe's need no look).
        shares: how much of each option the relaxation takes, (options); None where not kept.
    """

    prices: Floats
    bound: float
    regret: Floats
    shares: Floats | None = None

    @property
    def promising(self) -> NDArray[np.int64]:
        """Options in the order in which they are worth a look, those that are taken first."""
        taken = np.zeros(len(self.regret)) if self.shares is None else self.shares
        return np.lexsort((self.regret, -taken))


def relaxed(problem: Problem) -> Relaxed | None:
    """Solve the relaxation; None when even fractions of options cannot keep the limits.

    The prices come from HiGHS, the bound is added up here from the prices, so that it holds
    whatever the solver's tolerances are (weak duality).
    """
    objective = problem.above_least(problem.objective)
    largest = float(objective.max(initial=0.0)) or 1.0
    rooms = [problem.room(row) or 1.0 for row in problem.rows]
    uses = [
        problem.above_least(row.costs) / room for row, room in zip(problem.rows, rooms, strict=True)
    ]
    limits = [problem.room(row) / room for row, room in zip(problem.rows, rooms, strict=True)]
    one_each = membership(problem)
    with quiet_stdout():
        answer = linprog(  # type: ignore[call-overload]  # its stubs know no sparse matrix
            objective / largest,
            A_ub=np.array(uses).reshape(-1, len(objective)),
            b_ub=limits,
            A_eq=one_each,
            b_eq=np.ones(one_each.shape[0]),
            bounds=(0, 1),
            method="highs",
        )
    if answer.x is None:
        return None
    prices = np.maximum(0.0, -answer.ineqlin.marginals) * largest / np.array(rooms)
    return replace(priced(problem, prices), shares=answer.x)


def priced(problem: Problem, prices: Floats) -> Relaxed:
    """Bound and regrets for given prices, by weak duality."""
    value = problem.objective + sum(
        price * row.costs for price, row in zip(prices, problem.rows, strict=True)
    )
    least = np.minimum.reduceat(value, problem.starts[:-1])
    paid = sum(price * row.limit for price, row in zip(prices, problem.rows, strict=True))
    return Relaxed(prices, float(least.sum() - paid), problem.above_least(value))


def membership(problem: Problem) -> csr_array:
    """Which option belongs to which group, (groups, options), for "one option a group"."""
    counts = np.diff(problem.starts)
    options = np.arange(len(problem.objective))
    owner = np.repeat(np.arange(len(counts)), counts)
    return csr_array((np.ones(len(options)), (owner, options)), shape=(len(counts), len(options)))
