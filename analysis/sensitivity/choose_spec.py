"""The quantiser of each tensor at each width, chosen by the divergence that it causes.

No range method is best everywhere, and the error of the tensor itself does not tell which is. The
sketch does, and every candidate is only one more column of it; those that it cannot tell from the
best are measured. Nothing replaces min-max unless it was measured to be better.

Source: METHODS 7.3 (choosing clip levels by the divergence of the corrected layer was the largest
single gain there) and 3.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.candidates import Chosen, Specs
from analysis.sensitivity.draw import CHOICE_SHARE, draw_samples, draw_size
from analysis.sensitivity.exact import ExactStage, chunk_size
from analysis.sensitivity.float_run import FloatRun, run_float
from analysis.sensitivity.memory import CANDIDATE_BYTES
from analysis.sensitivity.points import Cell, Target
from analysis.sensitivity.questions import Question, Rows, weight_questions
from analysis.sensitivity.resampling import mean_interval
from analysis.sensitivity.sketch import SketchStage, sketch_size
from analysis.sensitivity.stage import CellsByLayer, SweepStage
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.calibration import Ranges, calibrate
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload

Floats = NDArray[np.float64]
CONTESTED = 1.25
"""Candidates whose estimate is at most this many times the least are measured."""

SKETCHED = 0.6
"""Share of the time after which all candidates are estimated."""

Told = Callable[[float], None]
"""Called between units of work with the share that is done; may raise to stop."""


def silent(_share: float) -> None:
    """Nobody is told."""


def best_specs(
    workload: Workload, bits: Sequence[int], *, base: QuantSpec = WEIGHT_SPEC, seed: int = 0
) -> Specs:
    """The spec of each weight at each width that harms the output least when it stands alone.

    Layers of one decision group get the same spec, and none takes more bytes than min-max.

    Args:
        workload: model, data and metric; the model is left as it was found.
        bits: widths.
        base: format and granularity.
        seed: of the draws and signs.

    Raises:
        OptionError: the base leaves nothing to choose.
        WorkloadError: the model or data cannot be used.
    """
    made = subject(workload)
    chooser = SpecChooser(made, run_float(made, chunk_size(made.layers)), seed)
    chosen = chooser.choose(weight_questions(made, bits, [base]))
    return {
        layer.name: {spec.bits: spec for spec in chosen[layer.name, "weight"]}
        for layer in made.layers
    }


@dataclass(slots=True, eq=False)
class SpecChooser:
    """Chooses among specs by what they do to the output.

    Attributes:
        told: of its progress.
        forwards: work done so far, in forwards of the whole sweep set.
    """

    subject: Subject
    found: FloatRun
    seed: int
    told: Told = silent
    forwards: float = field(default=0.0, init=False)
    _weights: WeightCache = field(init=False)
    _ranges: Ranges = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._weights = WeightCache(self.subject)

    def choose(self, questions: Sequence[Question]) -> Chosen:
        """The answers by layer and target, in the order of the questions."""
        if any(question.target == "activation" for question in questions):
            self._ranges = calibrate(self.subject)
        estimates = self._estimates(questions)
        contested = [_contested(question, estimates) for question in questions]
        measured = self._measurements(contested)
        chosen: dict[tuple[str, Target], list[QuantSpec]] = defaultdict(list)
        for question in contested:
            best = _proven_best(question, measured)
            for layer in question.layers:
                chosen[layer.name, question.target].append(best)
        return {key: tuple(specs) for key, specs in chosen.items()}

    def _estimates(self, questions: Sequence[Question]) -> Rows:
        """What the sketch says of every candidate; nothing where the model has no backward."""
        draw = draw_samples(self.found.impurity, sketch_size(self.found.samples), self.seed)
        shares = list(_shares([question for question in questions if question.open]))
        known: dict[Cell, Floats] = {}
        for number, share in enumerate(shares):
            self._make(share, number / len(shares), (number + 1) / len(shares))
            stage = SketchStage(
                self.subject,
                self._ranges,
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

    def _make(self, share: Sequence[Question], begin: float, end: float) -> None:
        """Quantise the weights; with many candidates that takes half of the time."""
        for number, question in enumerate(share):
            self.told(SKETCHED * (begin + (end - begin) * number / len(share)))
            if question.target == "weight":
                for layer in question.layers:
                    for spec in question.specs:
                        self._weights.get(layer, spec)

    def _measurements(self, questions: Sequence[Question]) -> Rows:
        """Divergences of the drawn samples, for every candidate where there is a choice."""
        cells = _by_layer([question for question in questions if question.open])
        draw = draw_samples(
            self.found.impurity, draw_size(self.found.samples, CHOICE_SHARE), self.seed
        )
        stage = ExactStage(
            self.subject,
            self._ranges,
            self.found.scale,
            self.found.samples,
            self.seed,
            self._weights,
            cells,
            draw,
        )
        return self._run(stage, cells, begin=SKETCHED) if cells else {}

    def _run(self, stage: SweepStage, cells: CellsByLayer, begin: float = 1.0) -> Rows:
        rows: dict[Cell, list[Floats]] = defaultdict(list)
        total = sum(map(len, cells.values())) * len(stage.starts)
        done = 0
        for start in stage.starts:
            for samples in stage.measure(start, cells):
                rows[samples.cell].append(samples.divergence)
                done += 1
                self.told(min(begin, SKETCHED) + (1 - begin) * done / total)
        self.forwards += stage.forwards
        return {cell: np.concatenate(parts) for cell, parts in rows.items()}


def _by_layer(questions: Iterable[Question]) -> CellsByLayer:
    cells: dict[str, list[Cell]] = defaultdict(list)
    for question in questions:
        for spec in question.specs:
            for cell in question.cells(spec):
                cells[cell.layer].append(cell)
    return cells


def _shares(questions: Sequence[Question]) -> Iterator[list[Question]]:
    """The questions in runs whose errors can be held at once."""
    share: list[Question] = []
    size = 0
    for question in questions:
        if share and size + question.table_bytes > CANDIDATE_BYTES:
            yield share
            share, size = [], 0
        share.append(question)
        size += question.table_bytes
    if share:
        yield share


def _contested(question: Question, estimates: Rows) -> Question:
    """Min-max, and the candidates that the sketch cannot tell from the best."""
    if not estimates or not question.open:
        return question
    found = [float(question.rows(spec, estimates).mean()) for spec in question.specs]
    least = np.nanmin(found) if np.isfinite(found).any() else 0.0
    limit = CONTESTED * least
    plain, *others = question.specs
    close = [spec for spec, value in zip(others, found[1:], strict=True) if value <= limit]
    return replace(question, specs=(plain, *close) if found[0] > 0 else (plain,))


def _proven_best(question: Question, measured: Rows) -> QuantSpec:
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
