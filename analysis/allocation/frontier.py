"""Every Lagrangian-optimal recipe, from the smallest to the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from analysis.allocation.constraints import Constraints
from analysis.allocation.drops import fit_drops
from analysis.allocation.hull import Path, path
from analysis.allocation.merged import Merged, merge
from analysis.allocation.narrowing import Narrowing
from analysis.allocation.options import Group, Table, decision_groups, recipe_of
from analysis.allocation.problem import Problem, Row
from analysis.allocation.terms import Terms
from analysis.errors import OptionError
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities

_NO_LOCKS: Mapping[str, LayerConfig] = {}


@dataclass(frozen=True, slots=True)
class FrontierPoint:
    """One recipe of the frontier; all figures are predictions.

    Attributes:
        divergence: sum of single-layer divergences.
        drop: estimated loss of the task metric, or None without labels.
    """

    weight_bytes: int
    effective_bits: float
    bops: int
    divergence: float
    drop: float | None
    _walk: "_Walk" = field(repr=False, compare=False)
    _steps: int = field(repr=False, compare=False)

    @property
    def recipe(self) -> Recipe:
        """The recipe, built on request: a large network has thousands of points."""
        return self._walk.recipe(self._steps)


@dataclass(frozen=True, slots=True, eq=False)
class _Walk:
    """What the points of one frontier share.

    Attributes:
        problem: bytes and BOPs as its rows, without limits; linked groups are one group.
        merged: what the options of linked groups mean; None where no groups are linked.
    """

    result: Sensitivities
    groups: Sequence[Group]
    table: Table
    problem: Problem
    path: Path
    merged: Merged | None

    @classmethod
    def of(cls, result: Sensitivities, groups: Sequence[Group]) -> Self:
        table, merged = Table.of(groups), None
        rows = [Row(table.weight_bytes, np.inf), Row(table.bops, np.inf)]
        problem = Problem(table.divergence, rows, table.starts)
        if table.links is not None:
            merged = merge(problem, table.links, [table.weight_bytes])
            problem = merged.problem
        steps = path(problem.rows[0].costs, problem.objective, problem.starts)
        return cls(result, groups, table, problem, steps, merged)

    def recipe(self, steps: int) -> Recipe:
        walked = self.path.picks(steps)
        picks = walked if self.merged is None else self.merged.expand(walked)
        firsts = picks - self.table.starts[:-1]
        return recipe_of(self.result, self.groups, firsts.tolist(), "mixed")


def frontier(
    result: Sensitivities,
    *,
    locked: Mapping[str, LayerConfig] = _NO_LOCKS,
    profile: HardwareProfile | None = None,
    constraints: Constraints | None = None,
) -> tuple[FrontierPoint, ...]:
    """Predicted divergence against stored bytes, by rising bytes and falling divergence.

    The points are the vertices of the lower convex hull, so each is the best recipe at its own
    bytes; between two of them `allocate` finds others. Activations take no bytes: where they were
    swept, each point has them at their least divergence. Locks, profile and errors as `allocate`;
    of the constraints only pins and forbidden widths, which are all that single points can hold.

    Raises:
        OptionError: as `allocate`, or a largest number of widths or a cost of changes is given.
    """
    rules = Terms(locked=locked, profile=profile, constraints=constraints).rules
    if rules.max_widths is not None or rules.precision_change_cost is not None:
        raise OptionError(
            "A frontier knows pins and forbidden widths, neither a largest number of widths nor a "
            "cost of precision changes; allocate single budgets instead."
        )
    groups = decision_groups(result, rules.pinned, Narrowing(profile, rules.forbidden))
    walk = _Walk.of(result, groups)
    divergences = walk.path.totals(walk.problem.objective)
    drops = fit_drops(result)
    losses = [None] * len(divergences) if drops is None else drops.at(divergences).tolist()
    weights = sum(layer.parameters for layer in result.layers)
    stored, bops = (walk.path.totals(row.costs).tolist() for row in walk.problem.rows)
    rows = zip(stored, bops, divergences.tolist(), losses, strict=True)
    return tuple(
        FrontierPoint(int(size), 8 * size / weights, int(work), divergence, drop, walk, step)
        for step, (size, work, divergence, drop) in enumerate(rows)
    )
