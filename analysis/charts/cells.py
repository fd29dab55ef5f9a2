"""The table behind every heat map: rows down, bit-widths across, a point or nothing in a cell."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf, isnan, nan
from typing import Generic, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.quant.spec import QuantSpec
from analysis.sensitivity.points import Sensitivities, SweepPoint, SweepSetup, Target, leading

Order = Literal["network", "worst"]

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class CellGrid(Generic[P]):
    """Points by layer (or block of layers) and bit-width.

    Attributes:
        layers: names of the rows.
        rows: one tuple a layer, one entry a width; None where nothing is measured yet.
    """

    layers: tuple[str, ...]
    bits: tuple[int, ...]
    rows: tuple[tuple[P | None, ...], ...]

    @property
    def points(self) -> Iterator[tuple[int, int, P]]:
        """Row, column and point of every measured cell."""
        for row, cells in enumerate(self.rows):
            for column, point in enumerate(cells):
                if point is not None:
                    yield row, column, point

    def table(self, number: Callable[[P], float]) -> NDArray[np.float64]:
        """A number of each point, (rows, widths); NaN where there is no point."""
        table = np.full((len(self.layers), len(self.bits)), nan)
        for row, column, point in self.points:
            table[row, column] = number(point)
        return table

    def texts(self, say: Callable[[P], str]) -> tuple[tuple[str, ...], ...]:
        """Words of each point, row by row; empty where there is no point."""
        return tuple(
            tuple("" if point is None else say(point) for point in cells) for cells in self.rows
        )

    @property
    def count(self) -> int:
        """Measured cells."""
        return sum(1 for _ in self.points)


def cell_grid(
    result: Sensitivities, target: Target, order: Order = "network"
) -> CellGrid[SweepPoint]:
    """The points of one target, in call order or with the worst layer first."""
    grid = setup_grid(result.setup, result.points, target)
    if order == "network":
        return grid
    ranked = sorted(zip(grid.layers, grid.rows, strict=True), key=lambda pair: -_worst(pair[1]))
    return CellGrid(tuple(name for name, _ in ranked), grid.bits, tuple(row for _, row in ranked))


def setup_grid(
    setup: SweepSetup, points: Iterable[SweepPoint], target: Target
) -> CellGrid[SweepPoint]:
    """The cells a sweep asks for, filled with the leading points there are.

    A later point of one cell replaces an earlier one.
    """
    asked = [cell for cell in setup.cells if cell.target == target]
    named = {cell.layer for cell in asked}
    layers = tuple(layer.name for layer in setup.layers if layer.name in named)
    bits = tuple(sorted({QuantSpec.parse(label).bits for label in {c.label for c in asked}}))
    newest = {point.cell: point for point in points if point.target == target}
    found = {(point.layer, point.bits): point for point in leading(newest.values())}
    rows = tuple(tuple(found.get((name, width)) for width in bits) for name in layers)
    return CellGrid(layers, bits, rows)


def _worst(row: tuple[SweepPoint | None, ...]) -> float:
    """Largest divergence of a layer; a NaN counts as infinite, nothing measured as least."""
    values = [point.divergence for point in row if point is not None]
    return max((inf if isnan(value) else value for value in values), default=-1.0)
