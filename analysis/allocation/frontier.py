"""Every Lagrangian-optimal recipe, from the smallest to the best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analysis.allocation.drops import fit_drops
from analysis.allocation.hull import Path, path
from analysis.allocation.options import Group, Table, decision_groups, recipe_of
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
    """What the points of one frontier share."""

    result: Sensitivities
    groups: Sequence[Group]
    table: Table
    path: Path

    def recipe(self, steps: int) -> Recipe:
        picks = self.path.picks(steps) - self.table.starts[:-1]
        return recipe_of(self.result, self.groups, picks.tolist(), "mixed")


def frontier(
    result: Sensitivities, *, locked: Mapping[str, LayerConfig] = _NO_LOCKS
) -> tuple[FrontierPoint, ...]:
    """Predicted divergence against stored bytes, by rising bytes and falling divergence.

    The points are the vertices of the lower convex hull, so each is the best recipe at its own
    bytes; between two of them `allocate` finds others. Activations take no bytes: where they were
    swept, each point has them at their least divergence. Locks and errors as `allocate`.
    """
    groups = decision_groups(result, locked)
    table = Table.of(groups)
    walk = path(table.weight_bytes, table.divergence, table.starts)
    shared = _Walk(result, groups, table, walk)
    divergences = walk.totals(table.divergence)
    drops = fit_drops(result)
    losses = [None] * len(divergences) if drops is None else drops.at(divergences).tolist()
    weights = sum(layer.parameters for layer in result.layers)
    rows = zip(
        walk.totals(table.weight_bytes).tolist(),
        walk.totals(table.bops).tolist(),
        divergences.tolist(),
        losses,
        strict=True,
    )
    return tuple(
        FrontierPoint(int(stored), 8 * stored / weights, int(bops), divergence, drop, shared, step)
        for step, (stored, bops, divergence, drop) in enumerate(rows)
    )
