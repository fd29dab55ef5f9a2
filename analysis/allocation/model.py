"""The linear model of coupled groups: linked labels and costs of changes.

Besides one variable an option (x) the model has

* for each component of linked groups and each label a variable z, their sum 1, and for each group
  sum of x over its options of that label <= z: all groups take the label whose z is 1;
* for each change and each class k of its first group a variable d >= X_k - X'_k, where X_k and X'_k
  are the sums of x over the options of class k of its first and its second group. For whole x the
  least sum of all d is 1 where the classes differ and 0 where they are alike (the linearisation of
  a Potts term, whose relaxation is tight on a chain).

z and d are whole whenever x is and need not be declared so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from analysis.allocation.coupling import FREE, Change, Changes, Links
from analysis.allocation.problem import Floats, Integers, Problem, Row
from analysis.allocation.quiet import quiet_stdout
from analysis.allocation.relaxed import Relaxed

_SCALE = 1e3  # HiGHS' tolerances are absolute, 1e-6: a thousandth of a millionth of each limit


@dataclass(slots=True, eq=False)
class Model:
    """Variables and rows as they are collected.

    Attributes:
        columns: number of variables; the options come first.
        entries: row, column, coefficient.
        bounds: lowest and highest value of each row.
        steps: variables d of a change, by what it compares.
        limits: row and scale of each limit.
    """

    problem: Problem
    columns: int
    objective: Floats
    entries: list[tuple[int, int, float]] = field(default_factory=list)
    bounds: list[tuple[float, float]] = field(default_factory=list)
    steps: dict[tuple[int, int, bytes, bytes], list[int]] = field(default_factory=dict)
    limits: list[tuple[int, float]] = field(default_factory=list)

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """The whole model of a problem."""
        options = len(problem.objective)
        above = problem.above_least(problem.objective)
        model = cls(problem, options, above)
        for start, end in zip(
            problem.starts[:-1].tolist(), problem.starts[1:].tolist(), strict=True
        ):
            model.row([(column, 1.0) for column in range(start, end)], 1.0, 1.0)
        coupling = problem.coupling
        if coupling.links is not None:
            model.link(coupling.links)
        for row in problem.rows:
            model.limit(row)
        paid = [] if coupling.changes is None else model.paid(coupling.changes)
        model.objective = np.zeros(model.columns)
        model.objective[:options] = above
        for column, cost in paid:
            model.objective[column] += cost
        return model

    def variables(self, count: int) -> list[int]:
        """New ones between 0 and 1."""
        self.columns += count
        return list(range(self.columns - count, self.columns))

    def row(self, terms: Iterable[tuple[int, float]], low: float, high: float) -> None:
        """Low <= sum of coefficient * variable <= high."""
        self.entries += [(len(self.bounds), column, factor) for column, factor in terms]
        self.bounds.append((low, high))

    def options(self, group: int) -> range:
        """Variables of one group."""
        return range(int(self.problem.starts[group]), int(self.problem.starts[group + 1]))

    def link(self, links: Links) -> None:
        """All groups of a component take one label."""
        for groups in links.components:
            columns = np.concatenate([np.array(self.options(group)) for group in groups])
            present = sorted(set(links.labels[columns].tolist()) - {FREE})
            if not present:
                continue
            one = self.variables(len(present))
            self.row([(column, 1.0) for column in one], 1.0, 1.0)
            for group in groups.tolist():
                self._allow(group, links.labels, dict(zip(present, one, strict=True)))

    def _allow(self, group: int, labels: Integers, switches: dict[int, int]) -> None:
        """Options of a label only where its switch is on."""
        for label, switch in switches.items():
            mine = [(option, 1.0) for option in self.options(group) if labels[option] == label]
            if mine:
                self.row([*mine, (switch, -1.0)], -np.inf, 0.0)

    def limit(self, row: Row) -> None:
        """One limit, scaled to what it leaves."""
        scale = _SCALE / (self.problem.room(row) or 1.0)
        above = self.problem.above_least(row.costs) * scale
        terms = [(column, float(above[column])) for column in np.flatnonzero(above).tolist()]
        if row.changes is not None:
            terms += [(column, cost * scale) for column, cost in self.paid(row.changes)]
        self.limits.append((len(self.bounds), scale))
        self.row(terms, -np.inf, self.problem.room(row) * scale)

    def paid(self, changes: Changes) -> list[tuple[int, float]]:
        """Variables whose sum tells which changes are made, with their costs."""
        return [(column, change.cost) for change in changes.of for column in self.step(change)]

    def step(self, change: Change) -> list[int]:
        """Variables d of one change; made once for all limits that count it."""
        key = (change.first, change.second, change.before.tobytes(), change.after.tobytes())
        if key not in self.steps:
            first, second = self.options(change.first), self.options(change.second)
            classes = sorted(set(change.before.tolist()))
            self.steps[key] = self.variables(len(classes))
            for name, column in zip(classes, self.steps[key], strict=True):
                own = [(o, 1.0) for o, k in zip(first, change.before, strict=True) if k == name]
                other = [(o, -1.0) for o, k in zip(second, change.after, strict=True) if k == name]
                self.row([*own, *other, (column, -1.0)], -np.inf, 0.0)
        return self.steps[key]

    def solved(self, gap: float, node_limit: int) -> Integers | None:
        """HiGHS' answer in whole numbers, as one option a group; it may go over by a tolerance."""
        matrix, low, high = self._rows()
        whole = (np.arange(self.columns) < len(self.problem.objective)).astype(np.int64)
        with quiet_stdout():
            answer = milp(
                self.objective * self._unit,
                constraints=LinearConstraint(matrix, low, high),
                integrality=whole,
                bounds=Bounds(0, 1),
                options={"mip_rel_gap": gap, "node_limit": node_limit},
            )
        if answer.x is None:
            return None
        groups = range(len(self.problem.starts) - 1)
        best = [max(self.options(group), key=lambda o: float(answer.x[o])) for group in groups]
        return np.array(best, np.int64)

    def relaxed(self) -> Relaxed | None:
        """The relaxation, to HiGHS' tolerance; None where even fractions keep no limit."""
        if any(self.problem.room(row) < 0 for row in self.problem.rows):
            return None
        matrix, low, high = self._rows()
        equal = low == high
        with quiet_stdout():
            answer: Any = linprog(
                self.objective * self._unit,
                A_ub=matrix[~equal],
                b_ub=high[~equal],
                A_eq=matrix[equal],
                b_eq=high[equal],
                bounds=(0, 1),
                method="highs",
            )
        if answer.x is None:
            return None
        options = len(self.problem.objective)
        reduced = (answer.lower.marginals + answer.upper.marginals)[:options] / self._unit
        least = np.minimum.reduceat(self.problem.objective, self.problem.starts[:-1]).sum()
        bound = float(least) + answer.fun / self._unit
        worth = np.zeros(len(low))
        worth[~equal] = np.maximum(0.0, -answer.ineqlin.marginals) / self._unit
        prices = np.array([worth[row] * scale for row, scale in self.limits])
        return Relaxed(prices, bound, np.maximum(0.0, reduced), answer.x[:options])

    @property
    def _unit(self) -> float:
        return _SCALE / (float(self.objective.max(initial=0.0)) or 1.0)

    def _rows(self) -> tuple[csr_array, Floats, Floats]:
        """Matrix, lowest and highest values."""
        rows, columns, factors = zip(*self.entries, strict=True)
        shape = (len(self.bounds), self.columns)
        matrix = csr_array((np.array(factors), (np.array(rows), np.array(columns))), shape=shape)
        low, high = np.array(self.bounds).T
        return matrix, low, high
