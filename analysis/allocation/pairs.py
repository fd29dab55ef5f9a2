"""Which pairs of layers harm a recipe most together."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from analysis.allocation.cells import quantised
from analysis.recipe import Recipe
from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Cell, Sensitivities


@dataclass(frozen=True, slots=True)
class PairTerm:
    """Two quantised tensors of a recipe, by the second-order estimate.

    Attributes:
        first, second: the cells, in call order.
        alone: sum of their measured divergences.
        joint: what they cause together beyond that sum; negative where their errors cancel.
    """

    first: Cell
    second: Cell
    alone: float
    joint: float


def worst_pairs(
    result: Sensitivities, recipe: Recipe, interactions: Interactions, count: int = 5
) -> tuple[PairTerm, ...]:
    """The pairs of different layers whose joint terms are largest in size, largest first.

    A joint term is 2 w r sqrt(a b): r the correlation of the two cells' output shifts, a and b
    their measured divergences, w how far the correlations can be trusted (METHODS 4.3). Empty
    where they cannot be trusted at all.

    Args:
        result: the sweep.
        recipe: any recipe of its model; cells that were not measured are left out.
        interactions: pairwise terms of the sweep's cells.
        count: how many pairs.
    """
    if interactions.weight <= 0:
        return ()
    alone = {
        point.cell: point.divergence
        for point in result.points
        if np.isfinite(point.divergence) and point.divergence > 0
    }
    place = {cell: number for number, cell in enumerate(interactions.cells)}
    used = [
        cell
        for layer in result.layers
        if layer.name in recipe.layers
        for target, spec in quantised(recipe.layers[layer.name])
        for cell in [Cell(layer.name, target, spec.label)]
        if cell in alone and cell in place and interactions.gram[place[cell], place[cell]] > 0
    ]
    lengths = np.sqrt(np.diag(interactions.gram))
    found = []
    for first, second in combinations(used, 2):
        if first.layer == second.layer:
            continue
        i, j = place[first], place[second]
        correlation = float(interactions.gram[i, j] / (lengths[i] * lengths[j]))
        scale = 2 * interactions.weight * (alone[first] * alone[second]) ** 0.5
        found.append(PairTerm(first, second, alone[first] + alone[second], scale * correlation))
    return tuple(sorted(found, key=lambda pair: -abs(pair.joint))[:count])
