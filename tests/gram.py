"""Made-up interactions of a made-up sweep."""

import numpy as np
from numpy.typing import NDArray

from analysis.sensitivity.interactions import Interactions
from analysis.sensitivity.points import Sensitivities


def make_interactions(
    result: Sensitivities, seed: int = 0, reliability: float = 1.0, columns: int = 6
) -> Interactions:
    """Pairs of random shifts whose squares are the measured divergences.

    The widths of one layer shift the output in nearly the same direction, as in real sweeps.
    """
    rng = np.random.default_rng(seed)
    directions = {layer.name: rng.normal(size=columns) for layer in result.layers}
    shifts = np.stack([_shift(directions[p.layer], p.divergence, rng) for p in result.points])
    cells = tuple(point.cell for point in result.points)
    return Interactions(cells, 0.5 * shifts @ shifts.T, reliability, "exact", 512)


def _shift(
    direction: NDArray[np.float64], divergence: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    noisy = direction + 0.3 * rng.normal(size=len(direction))
    return np.asarray(noisy * (2 * divergence / (noisy @ noisy)) ** 0.5)
