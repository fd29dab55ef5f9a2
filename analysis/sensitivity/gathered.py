"""Raw figures of a running sweep, and the points they make."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from analysis.metrics import Metric
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.points import Cell, CellSamples, Stage, SweepPoint, SweepSetup
from analysis.sensitivity.resampling import mean_interval
from analysis.sensitivity.stage import CellsByLayer, SweepStage

Floats = NDArray[np.float64]


@dataclass(slots=True, eq=False)
class _Block:
    """The rows of all cells on one unit, in one piece of memory.

    Small arrays that stay, laid between the large ones of a forward that go, would leave holes that
    nothing fits in: hundreds of MiB in a sweep of an hour.

    Attributes:
        values: float64, (cells, rows, 1 + columns): divergence, then the metric's statistics.
        covered: sweep samples behind the rows, by the cells that are there.
    """

    values: Floats
    covered: dict[Cell, int] = field(default_factory=dict)


@dataclass(slots=True)
class Gathered:
    """Raw figures so far, by stage and unit."""

    setup: SweepSetup
    metric: Metric | None
    totals: dict[Stage, int]
    covered: Counter[Stage] = field(default_factory=Counter, init=False)
    _blocks: dict[Stage, dict[int, _Block]] = field(
        default_factory=lambda: defaultdict(dict), init=False
    )
    _places: dict[Cell, int] = field(init=False)

    def __post_init__(self) -> None:
        self._places = {cell: place for place, cell in enumerate(self.setup.cells)}

    def add(self, samples: CellSamples) -> None:
        """Take in one unit of one cell."""
        blocks, statistics = self._blocks[samples.stage], samples.statistics
        if samples.start not in blocks:
            shape = (len(self._places), len(statistics), 1 + statistics.shape[1])
            blocks[samples.start] = _Block(np.empty(shape))
        block, cell = blocks[samples.start], samples.cell
        block.values[self._places[cell], :, 0] = samples.divergence
        block.values[self._places[cell], :, 1:] = statistics
        self.covered[samples.stage] += samples.covered - block.covered.get(cell, 0)
        block.covered[cell] = samples.covered

    def missing(self, stage: SweepStage, start: int) -> CellsByLayer:
        """Cells still to be measured on a unit, by layer."""
        block = self._blocks[stage.name].get(start)
        open_cells: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.setup.cells:
            if block is None or cell not in block.covered:
                open_cells[cell.layer].append(cell)
        return open_cells

    def share(self, stage: SweepStage) -> float:
        """Share of a stage that is done."""
        return self.covered[stage.name] / (stage.samples * len(self.setup.cells))

    def point(self, cell: Cell) -> SweepPoint:
        """The cell's best figure so far.

        A measurement goes before an estimate; of two measurements the complete one, else the one
        with the narrower interval.
        """
        sketch, *measured = (self._point(cell, stage) for stage in get_args(Stage))
        found = [point for point in measured if point is not None]
        if not found:
            assert sketch is not None
            return sketch
        whole = [point for point in found if point.stage == "exact" and point.complete]
        return min(whole or found, key=lambda point: point.high - point.low)

    def _point(self, cell: Cell, stage: Stage) -> SweepPoint | None:
        blocks = [b for _, b in sorted(self._blocks[stage].items()) if cell in b.covered]
        if not blocks:
            return None
        rows = np.concatenate([block.values[self._places[cell]] for block in blocks])
        mean, low, high = mean_interval(np.ascontiguousarray(rows[:, 0]))
        metrics: dict[str, float] = {}
        if self.metric is not None and self.setup.metric and rows.shape[1] > 1:
            metrics = {self.metric.name: metric_value(self.metric, rows[:, 1:])}
        return SweepPoint(
            layer=cell.layer,
            target=cell.target,
            bits=cell.spec.bits,
            label=cell.label,
            divergence=mean,
            low=low,
            high=high,
            samples=sum(block.covered[cell] for block in blocks),
            total=self.totals[stage],
            metrics=metrics,
            stage=stage,
        )
