"""Every cell measured by running what depends on it: chunk of samples outermost, then layers."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.divergence import Reference, reference_of
from analysis.layers import Layer
from analysis.metrics import Metric
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.points import Cell, CellSamples
from analysis.simulate.calibration import Ranges
from analysis.simulate.replay import Key, Recording, Rewind, find_touched, record, replayed
from analysis.simulate.simulated import input_quantizer, quantized_weight
from analysis.simulate.substitution import call_with, input_transforms, quiet_inference
from analysis.workloads.parts import cut_batch, samples_in
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch

LAYER_OUTPUT_BYTES = 8 << 20
"""Aimed size of the largest layer output of one chunk: beyond, page faults cost more than the
dispatch that a larger chunk saves (METHODS 7.2)."""

MAX_CHUNK = 256
PROOF_SAMPLES = 4
WEIGHT_CACHE_BYTES = 512 << 20


def chunk_size(layers: Sequence[Layer]) -> int:
    """Samples a chunk, from the largest layer output; the same on every machine."""
    largest = max(
        (4 * prod(x.output_shape) for x in layers if x.output_shape is not None), default=1
    )
    return int(min(max(LAYER_OUTPUT_BYTES // max(largest, 1), 1), MAX_CHUNK))


def statistics_of(
    metric: Metric | None, output: Tensor, target: Tensor | None
) -> NDArray[np.float64]:
    """The metric's per-sample statistics, (samples, columns); no columns without labels."""
    if metric is None or target is None:
        return np.empty((len(output), 0))
    return metric.statistics(output, target).double().numpy()


@dataclass(slots=True)
class WeightCache:
    """Quantised weights, kept up to a number of bytes; beyond, made anew each time."""

    subject: Subject
    kept: dict[tuple[str, str], Tensor] = field(default_factory=dict)
    size: int = 0

    def get(self, layer: Layer, spec: QuantSpec) -> Tensor:
        """The fake-quantised weight of a layer."""
        key = (layer.name, spec.label)
        if key in self.kept:
            return self.kept[key]
        weight = quantized_weight(self.subject, layer, spec)
        size = weight.numel() * weight.element_size()
        if self.size + size <= WEIGHT_CACHE_BYTES:
            self.kept[key] = weight
            self.size += size
        return weight


@dataclass(slots=True, eq=False)
class ExactEngine:
    """Measures cells on chunks of the sweep set.

    Attributes:
        scale: mean squared output norm over the sweep set, for the "mse" divergence.
        full_forward: layers whose replay could not be proven equal; they run the whole net.
        forwards: work done so far, in forwards of the whole sweep set, by MACs.
    """

    subject: Subject
    ranges: Ranges
    scale: float
    samples: int
    touched: frozenset[Key] = frozenset()
    full_forward: set[str] = field(default_factory=set)
    forwards: float = 0.0
    weights: WeightCache = field(init=False)

    def __post_init__(self) -> None:
        self.weights = WeightCache(self.subject)

    def measure(
        self, batch: Batch, start: int, cells: Mapping[str, Sequence[Cell]]
    ) -> Iterator[CellSamples]:
        """All cells on one chunk, by layer; the model is untouched whenever this yields.

        Args:
            batch: the chunk.
            start: index of its first sample in the sweep set.
            cells: layer name to the cells that are still to be measured on this chunk.
        """
        model = self.subject.model
        with quiet_inference(self.subject):
            recording = record(model, batch[0], self.touched)
            output = self.subject.take(recording.result)
            reference = reference_of(self.subject.divergence, output, self.scale)
        self.forwards += samples_in(batch) / self.samples
        for layer in self.subject.layers:
            if cells.get(layer.name):
                yield from self._layer(layer, recording, reference, batch, start, cells[layer.name])

    def prove(self, batch: Batch) -> None:
        """Find in-place writes, and the layers whose replay differs from the full forward."""
        small = cut_batch(batch, 0, PROOF_SAMPLES)
        inputs, model = small[0], self.subject.model
        with quiet_inference(self.subject):
            self.touched = find_touched(model, inputs)
            recording = record(model, inputs, self.touched)
            for layer in self.subject.layers:
                weight = {layer.param: self.subject.model.get_parameter(layer.param) * 0.5}
                whole = self.subject.take(call_with(model, weight, inputs))
                with replayed(model, recording, recording.cut(layer)) as rewind:
                    rewind()
                    part = self.subject.take(call_with(model, weight, inputs))
                if not torch.equal(whole, part):
                    self.full_forward.add(layer.name)
        self.forwards += 2 * len(self.subject.layers) * samples_in(small) / self.samples

    def _layer(
        self,
        layer: Layer,
        recording: Recording,
        reference: Reference,
        batch: Batch,
        start: int,
        cells: Sequence[Cell],
    ) -> list[CellSamples]:
        made: list[CellSamples] = []
        with quiet_inference(self.subject), self._shortened(layer, recording) as rewind:
            for cell in cells:
                rewind()
                actual = self._run(layer, cell, batch)
                made.append(
                    CellSamples(
                        cell,
                        start,
                        reference.divergence(actual).numpy(),
                        statistics_of(self.subject.metric, actual, batch[1]),
                    )
                )
        share = self._share(layer) * samples_in(batch) / self.samples
        self.forwards += share * len(cells)
        return made

    @contextmanager
    def _shortened(self, layer: Layer, recording: Recording) -> Iterator[Rewind]:
        if layer.name in self.full_forward:
            yield lambda: None
            return
        with replayed(self.subject.model, recording, recording.cut(layer)) as rewind:
            yield rewind

    def _run(self, layer: Layer, cell: Cell, batch: Batch) -> Tensor:
        model, inputs = self.subject.model, batch[0]
        if cell.target == "weight":
            weight = {layer.param: self.weights.get(layer, cell.spec)}
            return self.subject.take(call_with(model, weight, inputs))
        quantizer = input_quantizer(self.ranges[layer.name], cell.spec)
        with input_transforms(model, {layer.module: quantizer}):
            return self.subject.take(call_with(model, {}, inputs))

    def _share(self, layer: Layer) -> float:
        """MACs from this layer on, as a share of all."""
        macs = [x.macs for x in self.subject.layers]
        if layer.name in self.full_forward or not sum(macs):
            return 1.0
        return sum(macs[self.subject.layers.index(layer) :]) / sum(macs)
