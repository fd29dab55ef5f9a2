"""Cells measured by running what depends on them: chunk of samples outermost, then layers."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from analysis.divergence import Reference, reference_of
from analysis.layers import Layer
from analysis.sensitivity.chunks import chunk_size as chunk_size
from analysis.sensitivity.draw import Draw
from analysis.sensitivity.float_run import kept_statistics
from analysis.sensitivity.points import Cell, CellSamples, Stage
from analysis.sensitivity.shifts import kept_shift
from analysis.sensitivity.stage import CellsByLayer
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.calibration import Ranges
from analysis.simulate.quantized import in_place
from analysis.simulate.replay import Key, Recording, Rewind, find_touched, record, replayed
from analysis.simulate.simulated import input_quantizer
from analysis.simulate.substitution import call_with, input_transforms, quiet_inference
from analysis.workloads.parts import cut_batch, cut_batches, pick_samples, samples_in
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch, call_model

PROOF_SAMPLES = 4


@dataclass(slots=True, eq=False)
class ExactStage:
    """Measures cells on the whole sweep set, or on the samples of a draw.

    Attributes:
        scale: mean squared output norm over the sweep set, the unit of "mse".
        total: size of the sweep set.
        cells: all cells, by layer.
        draw: the samples to measure; None measures all.
        full_forward: layers whose replay could not be proven equal; they run the whole net.
        forwards: work done so far, in forwards of the whole sweep set, by MACs.
    """

    subject: Subject
    ranges: Ranges
    scale: float
    total: int
    seed: int
    weights: WeightCache
    cells: CellsByLayer
    draw: Draw | None = None
    full_forward: set[str] = field(default_factory=set, init=False)
    forwards: float = field(default=0.0, init=False)
    _touched: frozenset[Key] | None = field(default=None, init=False)
    _chunks: dict[int, Batch] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        batches = self.subject.parts.sweep
        if self.draw is not None:
            batches = pick_samples(batches, self.draw.indices.tolist())
        start, chunk = 0, self.subject.whole(chunk_size(self.subject.layers))
        for batch in cut_batches(batches, chunk):
            self._chunks[start] = batch
            start += samples_in(batch)

    @property
    def name(self) -> Stage:
        """Which stage this is."""
        return "exact" if self.draw is None else "sampled"

    @property
    def samples(self) -> int:
        """Samples that are measured."""
        return self.total if self.draw is None else len(self.draw.indices)

    @property
    def planned(self) -> float:
        """Expected work, by MACs."""
        suffixes = sum(
            self._share(x) * len(self.cells.get(x.name, ())) for x in self.subject.layers
        )
        return (1 + suffixes) * self.samples / self.total

    @property
    def starts(self) -> Sequence[int]:
        """Numbers of the chunks."""
        return tuple(self._chunks)

    def measure(self, start: int, cells: CellsByLayer) -> Iterator[CellSamples]:
        """All given cells on one chunk, layer by layer."""
        batch = self._chunks[start]
        if self._touched is None:
            self._prove(next(iter(self._chunks.values())))
        with quiet_inference(self.subject):
            recording = record(self.subject.model, batch[0], self._touched or frozenset())
            output = self.subject.take(recording.result)
            reference = reference_of(self.subject.divergence, output, self.scale)
        self.forwards += samples_in(batch) / self.total
        chunk = _Chunk(start, batch, recording, reference)
        for layer in self.subject.layers:
            if cells.get(layer.name):
                yield from self._layer(layer, chunk, cells[layer.name])

    def _prove(self, batch: Batch) -> None:
        """Find in-place writes, and the layers whose replay differs from the full forward."""
        small = cut_batch(batch, 0, PROOF_SAMPLES)
        inputs, model = small[0], self.subject.model
        with quiet_inference(self.subject):
            self._touched = find_touched(model, inputs)
            recording = record(model, inputs, self._touched)
            for layer in self.subject.layers:
                weight = {layer.param: model.get_parameter(layer.param) * 0.5}
                whole = self.subject.take(call_with(model, weight, inputs))
                with replayed(model, recording, recording.cut(layer)) as rewind:
                    rewind()
                    part = self.subject.take(call_with(model, weight, inputs))
                if not torch.equal(whole, part):
                    self.full_forward.add(layer.name)
        self.forwards += 2 * len(self.subject.layers) * samples_in(small) / self.total

    def _layer(self, layer: Layer, chunk: "_Chunk", cells: Sequence[Cell]) -> list[CellSamples]:
        made: list[CellSamples] = []
        self.weights.ready(layer, [cell.spec for cell in cells if cell.target == "weight"])
        with quiet_inference(self.subject), self._shortened(layer, chunk.recording) as rewind:
            for cell in cells:
                rewind()
                made.append(self._rows(cell, chunk, self._run(layer, cell, chunk.batch)))
        share = self._share(layer) * samples_in(chunk.batch) / self.total
        self.forwards += share * len(cells)
        return made

    def _rows(self, cell: Cell, chunk: "_Chunk", actual: Tensor) -> CellSamples:
        divergence = chunk.reference.divergence(actual).numpy()
        reference = chunk.reference.output
        statistics = kept_statistics(self.subject.metric, actual, chunk.batch[1], reference)
        shifts = kept_shift(chunk.reference, actual, self.seed + chunk.start)
        if self.draw is not None:
            weights = self.draw.weights[chunk.start : chunk.start + len(divergence)]
            divergence = divergence * weights
            statistics = statistics * weights[:, None]
            shifts = (shifts * np.sqrt(weights)[:, None]).astype(np.float32)
        return CellSamples(cell, chunk.start, divergence, statistics, self.name, shifts)

    def _shortened(self, layer: Layer, recording: Recording) -> AbstractContextManager[Rewind]:
        if layer.name in self.full_forward:
            return nullcontext(lambda: None)
        return replayed(self.subject.model, recording, recording.cut(layer))

    def _run(self, layer: Layer, cell: Cell, batch: Batch) -> Tensor:
        model, inputs = self.subject.model, batch[0]
        if cell.target == "weight":
            with in_place(self.subject, {layer: self.weights.get(layer, cell.spec)}):
                return self.subject.take(call_model(model, inputs))
        quantizer = input_quantizer(self.subject, self.ranges, layer, cell.spec)
        with input_transforms(model, {layer.module: quantizer}):
            return self.subject.take(call_with(model, {}, inputs))

    def _share(self, layer: Layer) -> float:
        """MACs from this layer on, as a share of all."""
        macs = [x.macs for x in self.subject.layers]
        if layer.name in self.full_forward or not sum(macs):
            return 1.0
        return sum(macs[self.subject.layers.index(layer) :]) / sum(macs)


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Samples with their float outputs."""

    start: int
    batch: Batch
    recording: Recording
    reference: Reference
