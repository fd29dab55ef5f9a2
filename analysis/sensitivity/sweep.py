"""A sweep: an iterator of running estimates, resumable from what was measured before."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Unpack

from analysis.errors import ModelError
from analysis.metrics import FloatMetric
from analysis.sensitivity.backward import NoBackwardError
from analysis.sensitivity.choose_spec import SpecChooser, Told, silent
from analysis.sensitivity.clock import Clock
from analysis.sensitivity.exact import ExactStage, chunk_size
from analysis.sensitivity.float_run import FloatRun, run_float
from analysis.sensitivity.footprint import sweep_memory
from analysis.sensitivity.gathered import Gathered
from analysis.sensitivity.handover import Handover, Unit, handed_over, source_of
from analysis.sensitivity.machine import free_bytes
from analysis.sensitivity.memory import MemoryNeed, check_memory
from analysis.sensitivity.options import SweepKeywords, SweepOptions
from analysis.sensitivity.points import CellSamples, Stage, SweepCost, SweepPoint, SweepSetup
from analysis.sensitivity.questions import questions_of
from analysis.sensitivity.single_thread import on_one_thread
from analysis.sensitivity.stage import SweepStage
from analysis.sensitivity.stages import Stages, stages_of
from analysis.sensitivity.workers import Workers
from analysis.simulate.evidence import unseen
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload


@dataclass(slots=True, eq=False)
class Sweep:
    """An iterator of points; each new point of a cell replaces its earlier one.

    Attributes:
        setup: known before the first point.
        done: raw figures of an interrupted run; what they hold is not measured again.
        need: the memory that is expected.
        handover: tells other processes what to measure; None where this one measures alone.
        spent: what choosing the specs took before.
        notes: what the user should know, such as a stage that this model does not allow.
    """

    subject: Subject
    options: SweepOptions
    setup: SweepSetup
    found: FloatRun
    need: MemoryNeed
    handover: Handover | None = None
    done: Sequence[CellSamples] = ()
    spent: SweepCost | None = None
    notes: list[str] = field(default_factory=list)
    fraction: float = field(default=0.0, init=False)
    _stages: list[SweepStage] = field(default_factory=list, init=False)
    _workers: Workers | None = field(default=None, init=False)
    _clock: Clock = field(default_factory=Clock, init=False)

    def __iter__(self) -> Iterator[SweepPoint]:
        for _, point in self.measurements():
            yield point

    @property
    def cost(self) -> SweepCost:
        """What it took so far."""
        forwards = 1.0 + sum(stage.forwards for stage in self._stages)
        cost = self._clock.cost(forwards + (self._workers.forwards if self._workers else 0.0))
        cost = replace(cost, expected_rss_bytes=self.need.total)
        if others := self._workers:
            cost = replace(
                cost,
                peak_rss_bytes=cost.peak_rss_bytes + others.peak_rss_bytes,
                cpu_seconds=cost.cpu_seconds + others.cpu_seconds,
                workers=self.options.workers,
            )
        return cost if self.spent is None else self.spent.then(cost)

    @property
    def full_forward(self) -> tuple[str, ...]:
        """Layers whose replay could not be proven equal; they ran the whole net."""
        exact = (stage for stage in self._stages if isinstance(stage, ExactStage))
        found = {name for stage in exact for name in stage.full_forward}
        return tuple(sorted(found | (self._workers.full_forward if self._workers else set())))

    def resumed(self, done: Sequence[CellSamples]) -> "Sweep":
        """The same sweep, without measuring again what an interrupted run had measured."""
        return replace(self, done=done, notes=[*self.notes])

    def measurements(self) -> Generator[tuple[CellSamples, SweepPoint], None, None]:
        """What was newly measured, with the point as it now stands.

        `fraction` tells how much of the planned work is done. When the time budget is spent, the
        iterator ends between two units; what is missing can be resumed. Everything is computed on
        one torch thread, whatever is set, so that the figures are those of any number of workers.
        """
        with closing(on_one_thread(self._measurements())) as made:
            yield from made

    def _measurements(self) -> Generator[tuple[CellSamples, SweepPoint], None, None]:
        stages = Stages(self.subject, self.options, self.setup, self.found)
        gathered = Gathered(self.setup, self.subject.metric, {})
        for earlier in self.done:
            gathered.add(earlier)
        if self.handover is not None:
            more = self.options.workers - 1
            self._workers = Workers(self.handover, more, stages.measure, self._in_time, self.notes)
        try:
            refused = yield from self._go_through(stages, stages_of(self.options.method), gathered)
            if refused and self.options.method == "sketch":
                yield from self._go_through(stages, ("sampled",), gathered)
        finally:
            if self._workers is not None:
                self._workers.close()

    def _go_through(
        self, stages: Stages, names: Sequence[Stage], gathered: Gathered
    ) -> Generator[tuple[CellSamples, SweepPoint], None, bool]:
        """Measure what is missing of some stages; whether the model refused the sketch."""
        self._stages = [stages.get(name) for name in names]
        gathered.totals.update({stage.name: stage.samples for stage in self._stages})
        self.fraction = self._fraction(gathered, self._plan())
        refused = False
        for unit, rows in self._measured(stages, self._missing(gathered)):
            planned = self._plan()
            if unit.stage == "sketch" and refused:
                continue
            try:
                for together in _arriving(unit, rows):
                    for samples in together:
                        gathered.add(samples)
                    self.fraction = self._fraction(gathered, planned)
                    points = gathered.points([samples.cell for samples in together])
                    yield from zip(together, points, strict=True)
            except NoBackwardError as error:
                refused = True
                self.notes.append(str(error))
        return refused

    def _missing(self, gathered: Gathered) -> list[Unit]:
        todo = (
            Unit(stage.name, start, gathered.missing(stage, start))
            for stage in self._stages
            for start in stage.starts
        )
        return [unit for unit in todo if unit.cells]

    def _measured(
        self, stages: Stages, units: Sequence[Unit]
    ) -> Iterator[tuple[Unit, Iterator[CellSamples]]]:
        """Units with their rows, in their order."""
        if self._workers is not None:
            yield from self._workers.measured(units)
            return
        for unit in units:
            if self._in_time():
                yield unit, stages.measure(unit)

    def _in_time(self) -> bool:
        """Whether units may still be begun."""
        limit = self.options.seconds
        return limit is None or self._clock.seconds < limit

    def _plan(self) -> list[float]:
        """Expected work of each stage, as far as is known by now."""
        return [stage.planned for stage in self._stages]

    def _fraction(self, gathered: Gathered, planned: Sequence[float]) -> float:
        done = [gathered.share(stage) for stage in self._stages]
        return sum(p * d for p, d in zip(planned, done, strict=True)) / sum(planned)


def sweep(
    workload: Workload,
    *,
    known: SweepSetup | None = None,
    told: Told = silent,
    **options: Unpack[SweepKeywords],
) -> Sweep:
    """How much the output suffers when only one tensor is quantised, for all tensors and widths.

    Args:
        workload: model, data and metric; the model is left as it was found.
        known: the setup of an interrupted run, whose specs are taken and not chosen again.
        told: hears, while specs are chosen, how much of that is done.
        **options: the fields of `SweepOptions`, such as ``bits=(2, 4, 8), target="both"``.

    Returns:
        An iterator of `SweepPoint`; `Sensitivities.collect` runs it to the end.

    Raises:
        OptionError: an option is outside its range.
        WorkloadError: the model or data cannot be used.
    """
    asked = SweepOptions(**options)  # type: ignore[arg-type]
    source = source_of(workload) if asked.workers > 1 else None
    made = subject(workload)
    if not asked.cells(made.layers):
        raise ModelError(
            "No layer's input was seen as a float tensor, so no activation can be quantised; "
            "sweep the weights instead."
        )
    need = sweep_memory(made, asked)
    check_memory(need, free_bytes(), held=need.held)
    found = run_float(made, made.whole(chunk_size(made.layers)))
    cells, spent = known.cells if known else None, None
    if cells is None:
        chooser, clock = SpecChooser(made, found, asked.seed, told), Clock()
        cells = asked.cells(made.layers, chooser.choose(questions_of(made, asked)))
        spent = clock.cost(chooser.forwards) if chooser.forwards else None
    metric = made.metric
    setup = SweepSetup(
        workload=made.name,
        fingerprint=made.fingerprint,
        method=asked.method,
        layers=made.layers,
        other_bytes=made.other_bytes,
        divergence=made.divergence,
        metric=metric.name if metric and found.reference else None,
        direction=metric.direction if metric else "higher",
        reference=found.reference,
        cells=cells,
        samples=found.samples,
        weights=asked.weight_scheme,
        activations=asked.activation_scheme,
    )
    handover = None if source is None else handed_over(source, workload, asked, setup, found)
    fresh = Sweep(made, asked, setup, found, need, handover, spent=spent)
    fresh.notes.extend((*made.notes, *_metric_notes(made, found), *_unseen_notes(fresh)))
    return fresh


def _arriving(unit: Unit, rows: Iterator[CellSamples]) -> Iterator[list[CellSamples]]:
    """Rows that are there at the same time: a sketch has those of all cells at once."""
    if unit.stage == "sketch":
        yield list(rows)
    else:
        yield from ([row] for row in rows)


def _metric_notes(made: Subject, found: FloatRun) -> list[str]:
    """That the main metric stays out of the sweep."""
    if made.metric is None or found.reference:
        return []
    unlabelled = any(target is None for _, target in made.parts.sweep)
    why = (
        "the sweep part has no labels"
        if unlabelled and not isinstance(made.metric, FloatMetric)
        else "it needs more figures of each sample than a sweep keeps"
    )
    return [
        f"The metric {made.metric.name} is measured in scores alone: {why}. The sweep tells the "
        "divergence from the float model."
    ]


def _unseen_notes(fresh: Sweep) -> list[str]:
    """That a spec which looks at inputs was asked for where there are none to be seen."""
    asked = {cell.layer for cell in fresh.setup.cells if cell.spec.needs_inputs}
    blind = unseen(fresh.subject, [x for x in fresh.subject.layers if x.name in asked])
    if not blind:
        return []
    names = ", ".join(layer.name for layer in blind[:3]) + (", …" if len(blind) > 3 else "")
    return [
        f"GPTQ and bias correction need the inputs that a weight is multiplied with; those of "
        f"{names} cannot be seen, so these round to nearest and keep their bias."
    ]
