"""Raw figures of a running sweep, and the points they make."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from analysis.metrics import Metric
from analysis.sensitivity.intervals import mean_interval, metric_value
from analysis.sensitivity.points import Cell, CellSamples, SweepPoint, SweepSetup


@dataclass(slots=True)
class Gathered:
    """Raw figures so far, by cell."""

    setup: SweepSetup
    metric: Metric | None
    by_cell: dict[Cell, dict[int, CellSamples]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, samples: CellSamples) -> None:
        """Take in one chunk of one cell."""
        self.by_cell[samples.cell][samples.start] = samples

    def has(self, cell: Cell, start: int) -> bool:
        """Whether the chunk that starts there is in."""
        return start in self.by_cell[cell]

    def missing(self, start: int) -> dict[str, list[Cell]]:
        """Cells still to be measured on the chunk that starts there, by layer."""
        open_cells: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.setup.cells:
            if not self.has(cell, start):
                open_cells[cell.layer].append(cell)
        return open_cells

    def point(self, cell: Cell) -> SweepPoint:
        """The cell's estimate from the chunks so far."""
        chunks = [chunk for _, chunk in sorted(self.by_cell[cell].items())]
        values = np.concatenate([chunk.divergence for chunk in chunks])
        mean, low, high = mean_interval(values)
        statistics = np.concatenate([chunk.statistics for chunk in chunks])
        return SweepPoint(
            layer=cell.layer,
            target=cell.target,
            bits=cell.spec.bits,
            label=cell.label,
            divergence=mean,
            low=low,
            high=high,
            samples=len(values),
            total=self.setup.samples,
            metrics={self.metric.name: metric_value(self.metric, statistics)}
            if self.metric and self.setup.reference
            else {},
        )
