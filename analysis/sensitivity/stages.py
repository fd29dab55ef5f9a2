"""The stages that a sweep goes through, made alike in every process that measures for it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import assert_never

from analysis.sensitivity.draw import draw_samples, draw_size
from analysis.sensitivity.exact import ExactStage
from analysis.sensitivity.float_run import FloatRun
from analysis.sensitivity.handover import Unit
from analysis.sensitivity.options import SweepOptions
from analysis.sensitivity.points import Cell, CellSamples, Method, Stage, SweepSetup
from analysis.sensitivity.sketch import SketchStage, sketch_size
from analysis.sensitivity.stage import SweepStage
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.calibration import Ranges, calibrate
from analysis.workloads.subject import Subject


def stages_of(method: Method) -> tuple[Stage, ...]:
    """The stages a method goes through."""
    match method:
        case "anytime":
            return ("sketch", "sampled", "exact")
        case "sketch" | "sampled" | "exact":
            return (method,)
    assert_never(method)


@dataclass(slots=True, eq=False)
class Stages:
    """Makes each stage when it is first asked for; the draws follow from `found` and the seed."""

    subject: Subject
    options: SweepOptions
    setup: SweepSetup
    found: FloatRun
    made: dict[Stage, SweepStage] = field(default_factory=dict, init=False)
    _ranges: Ranges = field(default_factory=dict, init=False)
    _weights: WeightCache = field(init=False)

    def __post_init__(self) -> None:
        self._weights = WeightCache(self.subject)
        if any(cell.target == "activation" for cell in self.setup.cells):
            self._ranges = calibrate(self.subject)

    def get(self, name: Stage) -> SweepStage:
        """The stage of that name."""
        if name not in self.made:
            self.made[name] = self._sketch() if name == "sketch" else self._measured(name)
        return self.made[name]

    def measure(self, unit: Unit) -> Iterator[CellSamples]:
        """The rows of a unit of one of the stages."""
        return self.get(unit.stage).measure(unit.start, unit.cells)

    def _sketch(self) -> SketchStage:
        count = sketch_size(self.found.samples)
        return SketchStage(
            self.subject,
            self._ranges,
            self.found.scale,
            self.found.samples,
            self.options.seed,
            self._weights,
            self._cells(),
            draw_samples(self.found.impurity, count, self.options.seed),
        )

    def _measured(self, name: Stage) -> ExactStage:
        draw = None
        if name == "sampled":
            count = draw_size(self.found.samples)
            draw = draw_samples(self.found.impurity, count, self.options.seed)
        return ExactStage(
            self.subject,
            self._ranges,
            self.found.scale,
            self.found.samples,
            self.options.seed,
            self._weights,
            self._cells(),
            draw,
        )

    def _cells(self) -> dict[str, list[Cell]]:
        cells: dict[str, list[Cell]] = defaultdict(list)
        for cell in self.setup.cells:
            cells[cell.layer].append(cell)
        return cells
