"""Raw figures of a running sweep, and the points they make."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from analysis.metrics import Metric
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.points import Cell, CellSamples, Stage, SweepPoint, SweepSetup
from analysis.sensitivity.resampling import mean_interval
from analysis.sensitivity.stage import CellsByLayer, SweepStage

Chunks = dict[int, CellSamples]


@dataclass(slots=True)
class Gathered:
    """Raw figures so far, by cell and stage."""

    setup: SweepSetup
    metric: Metric | None
    totals: dict[Stage, int]
    rows: dict[Cell, dict[Stage, Chunks]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(dict))
    )

    covered: Counter[Stage] = field(default_factory=Counter)

    def add(self, samples: CellSamples) -> None:
        """Take in one unit of one cell."""
        chunks = self.rows[samples.cell][samples.stage]
        before = chunks[samples.start].covered if samples.start in chunks else 0
        chunks[samples.start] = samples
        self.covered[samples.stage] += samples.covered - before

    def missing(self, stage: SweepStage, start: int) -> CellsByLayer:
        """Cells still to be measured on a unit, by layer."""
        open_cells: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.setup.cells:
            if start not in self.rows[cell][stage.name]:
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
        sketch, *measured = (
            self._point(cell, stage) if self.rows[cell][stage] else None
            for stage in ("sketch", "sampled", "exact")
        )
        found = [point for point in measured if point is not None]
        if not found:
            assert sketch is not None
            return sketch
        whole = [point for point in found if point.stage == "exact" and point.complete]
        return min(whole or found, key=lambda point: point.high - point.low)

    def _point(self, cell: Cell, stage: Stage) -> SweepPoint:
        chunks = [chunk for _, chunk in sorted(self.rows[cell][stage].items())]
        mean, low, high = mean_interval(np.concatenate([x.divergence for x in chunks]))
        statistics = np.concatenate([x.statistics for x in chunks])
        metrics: dict[str, float] = {}
        if self.metric is not None and self.setup.metric and statistics.shape[1]:
            metrics = {self.metric.name: metric_value(self.metric, statistics)}
        return SweepPoint(
            layer=cell.layer,
            target=cell.target,
            bits=cell.spec.bits,
            label=cell.label,
            divergence=mean,
            low=low,
            high=high,
            samples=sum(x.covered for x in chunks),
            total=self.totals[stage],
            metrics=metrics,
            stage=stage,
        )
