"""Raw figures of a running sweep, and the points they make."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from analysis.metrics import Metric
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.points import Cell, CellSamples, Stage, SweepPoint, SweepSetup
from analysis.sensitivity.resampling import mean_intervals
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

    def points(self, cells: Sequence[Cell]) -> list[SweepPoint]:
        """The best figure of each cell so far; all of them must have one.

        A measurement goes before an estimate; of two measurements the complete one, else the one
        with the narrower interval.
        """
        best: dict[Cell, SweepPoint] = {}
        for stage in get_args(Stage):
            for cell, point in self._of_stage(cells, stage):
                best[cell] = min(best.get(cell, point), point, key=_rank)
        return [best[cell] for cell in cells]

    def _of_stage(self, cells: Sequence[Cell], stage: Stage) -> Iterator[tuple[Cell, SweepPoint]]:
        """What a stage says of those cells that it has rows of."""
        blocks = self._blocks.get(stage)
        if not blocks:
            return
        alike: dict[tuple[int, ...], list[Cell]] = defaultdict(list)
        for cell in cells:
            alike[tuple(x for x in sorted(blocks) if cell in blocks[x].covered)].append(cell)
        for starts, group in alike.items():
            if not starts:
                continue
            places = [self._places[cell] for cell in group]
            rows = np.concatenate([blocks[start].values[places] for start in starts], axis=1)
            intervals = zip(*mean_intervals(rows[:, :, 0]), strict=True)
            for cell, of_cell, interval in zip(group, rows, intervals, strict=True):
                covered = sum(blocks[start].covered[cell] for start in starts)
                yield cell, self._point(cell, stage, of_cell, interval, covered)

    def _point(
        self, cell: Cell, stage: Stage, rows: Floats, interval: Sequence[float], covered: int
    ) -> SweepPoint:
        metrics: dict[str, float] = {}
        if self.metric is not None and self.setup.metric and rows.shape[1] > 1:
            metrics = {self.metric.name: metric_value(self.metric, rows[:, 1:])}
        mean, low, high = map(float, interval)
        return SweepPoint(
            layer=cell.layer,
            target=cell.target,
            bits=cell.spec.bits,
            label=cell.label,
            divergence=mean,
            low=low,
            high=high,
            samples=covered,
            total=self.totals[stage],
            metrics=metrics,
            stage=stage,
        )


def _rank(point: SweepPoint) -> tuple[int, float]:
    """Complete measurements, other measurements, estimates; within them the narrower interval."""
    if point.stage == "sketch":
        return 2, 0.0
    whole = point.stage == "exact" and point.complete
    return int(not whole), point.high - point.low
