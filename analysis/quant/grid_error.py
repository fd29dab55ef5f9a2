"""The squared error that a grid makes on what a histogram knows of a tensor."""

import numpy as np

from analysis.quant.affine import Grid
from analysis.quant.density import Density
from analysis.quant.levels import LevelGrid


def grid_error(density: Density, grid: Grid | LevelGrid) -> float:
    """Expected sum of squared errors; the grid has one scale, in float64."""
    if isinstance(grid, LevelGrid):
        return density.error_on(np.array(grid.format.values) * grid.scale.item())
    scale, first, last = (np.array([x.item()]) for x in (grid.scale, grid.first, grid.last))
    return float(density.squared_error(scale, first, last)[0])
