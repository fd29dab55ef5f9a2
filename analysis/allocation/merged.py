"""Linked groups made one, so that the hull can walk over them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.allocation.approximate import by_hull
from analysis.allocation.coupling import FREE, Links
from analysis.allocation.hull import path
from analysis.allocation.problem import UNCOUPLED, Floats, Integers, Problem, Row
from analysis.allocation.relaxed import relaxed


@dataclass(frozen=True, slots=True, eq=False)
class Merged:
    """A problem whose linked groups are one group each.

    An option of such a group is a label with a vertex of the lower convex hull of all its members
    together (the Minkowski sum of their hulls: their edges merged by slope), so every Lagrangian
    optimum at these prices is among them, and their number grows with the sum of the members'
    options, not with the product.

    Attributes:
        problem: without links.
        members: the groups behind each merged group.
        picks: what each merged option means, one old option for each member.
    """

    problem: Problem
    members: Sequence[Integers]
    picks: Sequence[Integers]

    def expand(self, merged: Integers) -> Integers:
        """Old picks of merged picks."""
        found = np.zeros(sum(map(len, self.members)), np.int64)
        for groups, option in zip(self.members, merged.tolist(), strict=True):
            found[groups] = self.picks[option]
        return found


def merge(problem: Problem, links: Links, prices: Sequence[Floats]) -> Merged:
    """One group for each component of links, and the others as they are.

    Args:
        problem: the problem; only its links are seen.
        links: of its groups.
        prices: one or more prices of the options, (options); the hulls for each of them.
    """
    linked = {int(group) for groups in links.components for group in groups}
    alone = [np.array([g]) for g in range(len(problem.starts) - 1) if g not in linked]
    members = sorted([*links.components, *alone], key=lambda groups: int(groups[0]))
    picks: list[Integers] = []
    starts = [0]
    for groups in members:
        if len(groups) == 1:
            first, end = problem.starts[groups[0]], problem.starts[groups[0] + 1]
            picks += list(np.arange(first, end)[:, None])
        else:
            picks += _vertices(problem, links, groups, prices)
        starts.append(len(picks))
    rows = [Row(_sums(row.costs, picks), row.limit) for row in problem.rows]
    merged = Problem(_sums(problem.objective, picks), rows, np.array(starts), UNCOUPLED)
    return Merged(merged, members, picks)


def _vertices(
    problem: Problem, links: Links, groups: Integers, prices: Sequence[Floats]
) -> list[Integers]:
    """Lagrangian optima of the linked groups, for each label that all of them have."""
    parts = [np.arange(problem.starts[g], problem.starts[g + 1]) for g in groups]
    found: dict[tuple[int, ...], Integers] = {}
    for label in sorted(set(links.labels[np.concatenate(parts)].tolist()) - {FREE}) or [FREE]:
        left = [part[np.isin(links.labels[part], (label, FREE))] for part in parts]
        if not all(map(len, left)):
            continue
        options = np.concatenate(left)
        starts = np.cumsum([0, *map(len, left)])
        for price in prices:
            walk = path(price[options], problem.objective[options], starts)
            for steps in range(len(walk.groups) + 1):
                picks = options[walk.picks(steps)]
                found.setdefault(tuple(picks.tolist()), picks)
    return list(found.values())


def _sums(values: Floats, picks: Sequence[Integers]) -> Floats:
    return np.array([values[options].sum() for options in picks], float)


def by_linked_hull(problem: Problem) -> Integers | None:
    """`by_hull` where groups may be linked; other couplings it does not know.

    Returns:
        The option of each group, or None where the walk finds no recipe that keeps every limit.
    """
    links = problem.coupling.links
    if links is None:
        return by_hull(problem)
    relaxation = relaxed(replace(problem, coupling=UNCOUPLED))
    if relaxation is None:
        return None
    rows = list(problem.rows)
    joint = sum(
        (price * row.costs for price, row in zip(relaxation.prices, rows, strict=True)),
        start=np.zeros(len(problem.objective)),
    )
    merged = merge(problem, links, [joint, *(row.costs for row in rows)])
    if (np.diff(merged.problem.starts) == 0).any():  # no label that all of some groups have
        return None
    picks = by_hull(merged.problem)
    return None if picks is None else merged.expand(picks)
