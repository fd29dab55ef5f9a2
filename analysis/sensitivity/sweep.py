"""A sweep: an iterator of running estimates, resumable from what was measured before."""

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.divergence import squared_norms
from analysis.errors import ModelError
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.exact import ExactEngine, chunk_size, statistics_of
from analysis.sensitivity.gathered import Gathered
from analysis.sensitivity.grid import Grid
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.points import (
    DEFAULT_BITS,
    CellSamples,
    Method,
    SweepCost,
    SweepPoint,
    SweepSetup,
    Targets,
)
from analysis.simulate.calibration import Ranges, calibrate
from analysis.simulate.simulated import simulated
from analysis.workloads.parts import count_samples, cut_batches, samples_in
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Float:
    """The float model on the sweep set."""

    reference: dict[str, float]
    scale: float
    samples: int


def _float_run(made: Subject) -> _Float:
    norms: list[Floats] = []
    statistics: list[Floats] = []
    with simulated(made, None) as forward:
        for inputs, target in cut_batches(made.parts.sweep, chunk_size(made.layers)):
            output = forward(inputs)
            norms.append(squared_norms(output).numpy())
            statistics.append(statistics_of(made.metric, output, target))
    columns = np.concatenate(statistics)
    labelled = made.metric is not None and columns.shape[1] > 0
    value = metric_value(made.metric, columns) if labelled and made.metric else None
    reference = {made.metric.name: value} if made.metric and value is not None else {}
    return _Float(reference, float(np.concatenate(norms).mean()), len(columns))


@dataclass(slots=True, eq=False)
class Sweep:
    """An iterator of points; each new point of a cell replaces its earlier one.

    Attributes:
        setup: known before the first point.
        done: raw figures of an interrupted run; what they hold is not measured again.
    """

    subject: Subject
    setup: SweepSetup
    scale: float
    done: Sequence[CellSamples] = ()
    _engine: ExactEngine | None = field(default=None, init=False)
    _began: float = field(default_factory=time.perf_counter, init=False)

    def __iter__(self) -> Iterator[SweepPoint]:
        for _, point in self.measurements():
            yield point

    @property
    def cost(self) -> SweepCost:
        """What it took so far."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return SweepCost(
            forwards=1.0 + (self._engine.forwards if self._engine else 0.0),
            seconds=time.perf_counter() - self._began,
            peak_rss_bytes=peak * (1 if sys.platform == "darwin" else 1024),
        )

    @property
    def full_forward(self) -> tuple[str, ...]:
        """Layers whose replay could not be proven equal; they ran the whole net."""
        return tuple(sorted(self._engine.full_forward)) if self._engine else ()

    def resumed(self, done: Sequence[CellSamples]) -> "Sweep":
        """The same sweep, without measuring again what an interrupted run had measured."""
        return Sweep(self.subject, self.setup, self.scale, done)

    def measurements(self) -> Iterator[tuple[CellSamples, SweepPoint]]:
        """What was newly measured, with the point as it now stands."""
        made = self.subject
        ranges: Ranges = {}
        if any(cell.target == "activation" for cell in self.setup.cells):
            ranges = calibrate(made)
        engine = ExactEngine(made, ranges, self.scale, self.setup.samples)
        self._engine = engine
        gathered = Gathered(self.setup, made.metric)
        for earlier in self.done:
            gathered.add(earlier)
        start = 0
        for batch in cut_batches(made.parts.sweep, chunk_size(made.layers)):
            if start == 0:
                engine.prove(batch)
            missing = gathered.missing(start)
            for samples in engine.measure(batch, start, missing) if missing else ():
                gathered.add(samples)
                yield samples, gathered.point(samples.cell)
            start += samples_in(batch)


def sweep(
    workload: Workload,
    *,
    bits: Sequence[int] = DEFAULT_BITS,
    target: Targets = "weight",
    method: Method = "exact",
    weight_spec: QuantSpec = WEIGHT_SPEC,
    activation_spec: QuantSpec = ACTIVATION_SPEC,
) -> Sweep:
    """How much the output suffers when only one tensor is quantised, for all tensors and widths.

    Args:
        workload: model, data and metric; the model is left as it was found.
        bits: widths from 2 to 16.
        target: weights, the layers' inputs, or both (each alone).
        method: "exact" measures every cell on the whole sweep set.
        weight_spec: taken at each width for the weights.
        activation_spec: likewise for the inputs; per-tensor.

    Returns:
        An iterator of `SweepPoint`; `Sensitivities.collect` runs it to the end.

    Raises:
        OptionError: an option is outside its range.
        WorkloadError: the model or data cannot be used.
    """
    grid = Grid(
        bits=tuple(bits),
        target=target,
        method=method,
        weight_spec=weight_spec,
        activation_spec=activation_spec,
    )
    made = subject(workload)
    cells = grid.cells(made.layers)
    if not cells:
        raise ModelError(
            "No layer's input was seen as a float tensor, so no activation can be quantised; "
            "sweep the weights instead."
        )
    found = _float_run(made)
    metric = made.metric
    setup = SweepSetup(
        workload=made.name,
        fingerprint=made.fingerprint,
        method=method,
        layers=made.layers,
        other_bytes=made.other_bytes,
        divergence=made.divergence,
        metric=metric.name if metric and found.reference else None,
        direction=metric.direction if metric else "higher",
        reference=found.reference,
        cells=cells,
        samples=count_samples(made.parts.sweep),
    )
    return Sweep(made, setup, found.scale)
