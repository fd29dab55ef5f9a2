"""The quantiser of each weight at each width, chosen by the divergence that it causes.

No range method is best everywhere, and the error of the weight itself does not tell which is. The
sketch does, and every candidate is only one more column of it; those that it cannot tell from the
best are measured. Nothing replaces min-max unless it was measured to be better.

Source: METHODS 7.3 (choosing clip levels by the divergence of the corrected layer was the largest
single gain there) and 3.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError
from analysis.layers import Layer
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.candidates import Specs, allowed_candidates, check_base
from analysis.sensitivity.draw import draw_samples, draw_size
from analysis.sensitivity.exact import ExactStage, chunk_size
from analysis.sensitivity.float_run import FloatRun, run_float
from analysis.sensitivity.points import Cell
from analysis.sensitivity.resampling import mean_interval
from analysis.sensitivity.sketch import SketchStage, sketch_size
from analysis.sensitivity.stage import CellsByLayer, SweepStage
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.evidence import unseen
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload

Floats = NDArray[np.float64]
Rows = Mapping[Cell, Floats]
CONTESTED = 1.25
"""Candidates whose estimate is at most this many times the least are measured."""

TABLE_BYTES = 1 << 30
"""Weight errors of candidates held at once; beyond, the sketch runs more than once."""


def best_specs(
    workload: Workload,
    bits: Sequence[int],
    target: Literal["weight"] = "weight",
    *,
    base: QuantSpec = WEIGHT_SPEC,
    seed: int = 0,
) -> Specs:
    """The spec of each weight at each width that harms the output least when it stands alone.

    Layers of one decision group get the same spec, and none takes more bytes than min-max.

    Args:
        workload: model, data and metric; the model is left as it was found.
        bits: widths.
        target: weights alone; the range of an activation follows from its own histogram.
        base: format and granularity.
        seed: of the draws and signs.

    Raises:
        OptionError: the base is no plain integer spec.
        WorkloadError: the model or data cannot be used.
    """
    made = subject(workload)
    return SpecChooser(made, run_float(made, chunk_size(made.layers)), seed).choose(bits, base)


@dataclass(frozen=True, slots=True)
class _Question:
    """Which spec the layers of one decision group take at one width; min-max comes first."""

    layers: tuple[Layer, ...]
    bits: int
    specs: tuple[QuantSpec, ...]

    def cells(self, spec: QuantSpec) -> tuple[Cell, ...]:
        """The cells that tell what a spec does, one a layer."""
        return tuple(Cell(layer.name, "weight", spec.label) for layer in self.layers)

    def rows(self, spec: QuantSpec, known: Rows) -> Floats:
        """Divergences that a spec causes, summed over the layers."""
        total: Floats = np.sum([known[cell] for cell in self.cells(spec)], axis=0)
        return total

    @property
    def table_bytes(self) -> int:
        """Size of the weight errors that a sketch of all specs holds."""
        different = len({replace(spec, bias_correction=False) for spec in self.specs})
        return 4 * different * sum(layer.parameters for layer in self.layers)


@dataclass(slots=True, eq=False)
class SpecChooser:
    """Chooses a spec for each weight and width.

    Attributes:
        forwards: work done so far, in forwards of the whole sweep set.
    """

    subject: Subject
    found: FloatRun
    seed: int
    forwards: float = field(default=0.0, init=False)
    _weights: WeightCache = field(init=False)

    def __post_init__(self) -> None:
        self._weights = WeightCache(self.subject)

    def choose(self, bits: Sequence[int], base: QuantSpec) -> Specs:
        """The spec of each layer and width.

        Raises:
            OptionError: the base is no plain integer spec.
        """
        check_base(base)
        questions = self._questions(bits, base)
        estimates = self._estimates(questions)
        contested = [_contested(question, estimates) for question in questions]
        measured = self._measurements(contested)
        chosen: dict[str, dict[int, QuantSpec]] = defaultdict(dict)
        for question in contested:
            best = _proven_best(question, measured)
            for layer in question.layers:
                chosen[layer.name][question.bits] = best
        return chosen

    def _questions(self, bits: Sequence[int], base: QuantSpec) -> list[_Question]:
        groups: dict[str, list[Layer]] = defaultdict(list)
        for layer in self.subject.layers:
            groups[layer.group].append(layer)
        blind = frozenset(layer.name for layer in unseen(self.subject, self.subject.layers))
        return [
            _Question(tuple(layers), width, allowed_candidates(layers, blind, width, base))
            for layers in groups.values()
            for width in bits
        ]

    def _estimates(self, questions: Sequence[_Question]) -> Rows:
        """What the sketch says of every candidate; nothing where the model has no backward."""
        draw = draw_samples(self.found.impurity, sketch_size(self.found.samples), self.seed)
        known: dict[Cell, Floats] = {}
        for share in _shares(questions):
            stage = SketchStage(
                self.subject,
                {},
                self.found.scale,
                self.found.samples,
                self.seed,
                self._weights,
                _by_layer(share),
                draw,
            )
            try:
                known |= self._run(stage, stage.cells)
            except ModelError:
                return {}
        return known

    def _measurements(self, questions: Sequence[_Question]) -> Rows:
        """Divergences of the drawn samples, for every candidate where there is a choice."""
        cells = _by_layer([question for question in questions if len(question.specs) > 1])
        draw = draw_samples(self.found.impurity, draw_size(self.found.samples), self.seed)
        stage = ExactStage(
            self.subject,
            {},
            self.found.scale,
            self.found.samples,
            self.seed,
            self._weights,
            cells,
            draw,
        )
        return self._run(stage, cells) if cells else {}

    def _run(self, stage: SweepStage, cells: CellsByLayer) -> Rows:
        rows: dict[Cell, list[Floats]] = defaultdict(list)
        for start in stage.starts:
            for samples in stage.measure(start, cells):
                rows[samples.cell].append(samples.divergence)
        self.forwards += stage.forwards
        return {cell: np.concatenate(parts) for cell, parts in rows.items()}


def _by_layer(questions: Iterable[_Question]) -> CellsByLayer:
    cells: dict[str, list[Cell]] = defaultdict(list)
    for question in questions:
        for spec in question.specs:
            for cell in question.cells(spec):
                cells[cell.layer].append(cell)
    return cells


def _shares(questions: Sequence[_Question]) -> Iterator[list[_Question]]:
    """The questions in runs whose weight errors can be held at once."""
    share: list[_Question] = []
    size = 0
    for question in questions:
        if share and size + question.table_bytes > TABLE_BYTES:
            yield share
            share, size = [], 0
        share.append(question)
        size += question.table_bytes
    yield share


def _contested(question: _Question, estimates: Rows) -> _Question:
    """Min-max, and the candidates that the sketch cannot tell from the best."""
    if not estimates:
        return question
    found = [float(question.rows(spec, estimates).mean()) for spec in question.specs]
    least = np.nanmin(found) if np.isfinite(found).any() else 0.0
    limit = CONTESTED * least
    plain, *others = question.specs
    close = [spec for spec, value in zip(others, found[1:], strict=True) if value <= limit]
    return replace(question, specs=(plain, *close) if found[0] > 0 else (plain,))


def _proven_best(question: _Question, measured: Rows) -> QuantSpec:
    """The candidate of the least divergence among those measurably better than min-max.

    Better is a mean difference below zero with its 95 % interval, on the same samples.
    """
    plain, *others = question.specs
    best, least = plain, 0.0
    for spec in others:
        gain = question.rows(spec, measured) - question.rows(plain, measured)
        mean, _, high = mean_interval(gain)
        if mean < least and high < 0:
            best, least = spec, mean
    return best
