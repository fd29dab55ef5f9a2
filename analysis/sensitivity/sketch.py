"""The Fisher sketch: all cells from one forward and a few backward passes.

For a mini-batch of m samples, one backward of z'v (v: `cotangents`) gives G = d(z'v)/dW for every
weight, and u = <G, dW> is the first-order output shift of a quantisation error dW along v. Because
the directions of different samples are independent, E[u^2] is the sum over the mini-batch of
dW' F dW: half its mean over all mini-batches, divided by m, is the second-order KL of that cell.
Every further format is one more dot product. Inputs go the same way through `input_bins`.

The samples are drawn where the float model is unsure, and their directions scaled by the root of
their Horvitz-Thompson weights: what counts is the number of directions, and a quarter of the set in
small mini-batches ranks the layers as well as all of it in large ones (docs/methods.md).

Source: METHODS 1 and 4.1 (Fisher quadratic form with a square-root sketch).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis.layers import Layer
from analysis.sensitivity.backward import FROZEN, check_reached, no_backward, refusing
from analysis.sensitivity.cotangents import cotangents
from analysis.sensitivity.draw import Draw
from analysis.sensitivity.input_bins import InputBins, input_bins
from analysis.sensitivity.memory import waiting_passes
from analysis.sensitivity.points import Cell, CellSamples, Stage, Target
from analysis.sensitivity.stage import CellsByLayer
from analysis.sensitivity.watched_inputs import WatchedInputs, watched_inputs
from analysis.sensitivity.weight_cache import WeightCache
from analysis.sensitivity.weight_errors import (
    EffectRows,
    Gradients,
    WeightErrors,
    weight_errors,
)
from analysis.simulate.calibration import Ranges
from analysis.simulate.patches import input_channel_axis
from analysis.simulate.quantized import output_leaves
from analysis.simulate.substitution import quiet_inference, substituted
from analysis.workloads.parts import cut_batches, pick_samples, samples_in
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch, call_model

Floats = NDArray[np.float64]

ROWS = 64
"""Mini-batch directions wanted: their squares scatter by sqrt(2 / ROWS) around the mean."""

SHARE = 4
LARGEST_BATCH = 8
MOST = ROWS * LARGEST_BATCH
"""Samples beyond this change the estimate less than its few directions do."""

UNITS = 4
"""Units of work a sketch is cut into, for progress, cancel and resume."""


def sketch_size(samples: int) -> int:
    """A quarter of the sweep set, at least as many samples as rows and at most `MOST`."""
    return min(samples, max(ROWS, min(MOST, samples // SHARE)))


def batch_plan(samples: int, only: int | None = None) -> tuple[int, int]:
    """Mini-batch size and directions a mini-batch that give at least `ROWS` rows.

    Args:
        samples: to be run.
        only: the only batch size that the model takes, if there is one.
    """
    size = only or min(max(samples // ROWS, 1), LARGEST_BATCH)
    batches = -(-samples // size)
    return size, max(1, -(-ROWS // batches))


@dataclass(slots=True, eq=False)
class SketchStage:
    """Estimates every cell from mini-batches of the sweep set.

    Attributes:
        scale: mean squared output norm, the unit of "mse".
        total: size of the sweep set.
        weights: quantised weights, made once for all stages.
        cells: all cells, by layer.
        draw: the samples to run.
    """

    subject: Subject
    ranges: Ranges
    scale: float
    total: int
    seed: int
    weights: WeightCache
    cells: CellsByLayer
    draw: Draw
    name: Stage = "sketch"
    forwards: float = 0.0
    _tables: dict[str, WeightErrors] = field(default_factory=dict, init=False)
    _bins: dict[str, InputBins] = field(default_factory=dict, init=False)
    _batches: list[Batch] = field(init=False)
    _weights: list[Floats] = field(init=False)
    _directions: int = field(init=False)

    def __post_init__(self) -> None:
        size, self._directions = batch_plan(self.samples, self.subject.batch)
        drawn = pick_samples(self.subject.parts.sweep, self.draw.indices.tolist())
        self._batches = list(cut_batches(drawn, size))
        ends = np.cumsum([samples_in(batch) for batch in self._batches])
        self._weights = np.split(self.draw.weights, ends[:-1])

    @property
    def samples(self) -> int:
        """Samples that are run."""
        return len(self.draw.indices)

    @property
    def planned(self) -> float:
        """Expected work; a backward pass counts two forwards."""
        return (1 + 2 * self._directions) * self.samples / self.total

    @property
    def starts(self) -> Sequence[int]:
        """Numbers of the units: runs of mini-batches."""
        step = -(-len(self._batches) // UNITS)
        return range(0, len(self._batches), step)

    def measure(self, start: int, cells: CellsByLayer) -> Iterator[CellSamples]:
        """All cells on one run of mini-batches; a sketch has no cheaper subset."""
        step = -(-len(self._batches) // UNITS)
        batches = self._batches[start : start + step]
        effects = self._effects(batches, start)
        covered = sum(samples_in(batch) for batch in batches)
        self.forwards += (1 + 2 * self._directions) * covered / self.total
        mean_size = self.samples / len(self._batches)
        for cell in (cell for group in cells.values() for cell in group):
            u = effects[cell]
            yield CellSamples(
                cell,
                start,
                divergence=0.5 * u**2 / mean_size,
                statistics=np.empty((len(u), 0)),
                stage="sketch",
                shifts=(u / mean_size**0.5).astype(np.float32)[:, None],
                samples=covered,
            )

    def _effects(self, batches: Sequence[Batch], start: int) -> dict[Cell, Floats]:
        """First-order output shift of each cell, one for each mini-batch and direction."""
        watched = [x for x in self.subject.layers if self._of(x.name, "weight")]
        tables = {layer.name: self._errors(layer) for layer in watched}
        rows = EffectRows(tables, waiting_passes(watched))
        of_inputs: dict[str, list[Tensor]] = defaultdict(list)
        with (
            quiet_inference(self.subject),
            torch.enable_grad(),
            watched_inputs(self._input_bins(), alone=not watched) as inputs,
            self._leaves(watched, tables) as (leaves, names),
        ):
            for number, batch in enumerate(batches, start):
                for found in self._gradients(batch, number, leaves, inputs):
                    of_weights = dict(zip(tables, found, strict=False))
                    for name, gradient in of_weights.items():
                        inputs.note("weight", name, gradient)
                    of_outputs = dict(zip(names, found[len(tables) :], strict=True))
                    rows.add(Gradients(of_weights, of_outputs))
                    for name, effects in inputs.effects.items():
                        of_inputs[name].append(effects)
        check_reached(self.subject, self.cells, inputs.reached)
        stacked = {name: torch.stack(found) for name, found in of_inputs.items()}
        # an input whose values never reach the output, as that of a second head, does no harm
        silent = np.zeros(len(batches) * self._directions)
        by_cell = {cell: silent for name in self.cells for cell in self._of(name, "activation")}
        by_cell.update(self._columns("weight", rows.finished()))
        by_cell.update(self._columns("activation", stacked))
        return by_cell

    def _columns(self, target: Target, rows: Mapping[str, Tensor]) -> Iterator[tuple[Cell, Floats]]:
        for name, found in rows.items():
            columns = found.double().T.numpy()
            yield from zip(self._of(name, target), columns, strict=True)

    @contextmanager
    def _leaves(
        self, watched: Sequence[Layer], tables: Mapping[str, WeightErrors]
    ) -> Iterator[tuple[list[Tensor], tuple[str, ...]]]:
        """What gradients are asked of, in the model's place: weights, then values added to outputs.

        Also the names of the layers of the latter.
        """
        model = self.subject.model
        weights = [model.get_parameter(x.param).detach().requires_grad_() for x in watched]
        named = {layer.param: leaf for layer, leaf in zip(watched, weights, strict=True)}
        shifted = [layer for layer in watched if tables[layer.name].shifts is not None]
        with output_leaves(model, shifted) as added, substituted(model, named):
            yield [*weights, *added.values()], tuple(added)

    def _gradients(
        self, batch: Batch, number: int, leaves: Sequence[Tensor], inputs: WatchedInputs
    ) -> Iterator[Sequence[Tensor | None]]:
        """One forward and its backward passes: the gradients of the leaves, by direction."""
        inputs.roots.clear()
        roots = torch.from_numpy(np.sqrt(self._weights[number]))
        with refusing():
            output = self.subject.take(call_model(self.subject.model, batch[0]))
        if not output.requires_grad:
            raise no_backward(FROZEN)
        wanted = [*leaves, *inputs.roots]
        for direction in range(self._directions):
            seed = hash_seed(self.seed, number, direction)
            v = cotangents(self.subject.divergence, output.detach(), self.scale, seed)
            v *= roots.to(v.dtype).reshape(-1, *[1] * (v.dim() - 1))
            inputs.effects.clear()
            with refusing():
                found = torch.autograd.grad(
                    (output * v).sum(),
                    wanted,
                    retain_graph=direction + 1 < self._directions,
                    allow_unused=True,
                )
            yield found[: len(leaves)]

    def _of(self, layer: str, target: Target) -> list[Cell]:
        return [cell for cell in self.cells.get(layer, ()) if cell.target == target]

    def _errors(self, layer: Layer) -> WeightErrors:
        """What each spec does to the weight; made once."""
        if layer.name not in self._tables:
            specs = [cell.spec for cell in self._of(layer.name, "weight")]
            self._tables[layer.name] = weight_errors(self.weights, layer, specs)
        return self._tables[layer.name]

    def _input_bins(self) -> dict[str, tuple[nn.Module, InputBins]]:
        """The module and the bins of each input that is swept; the bins are made once."""
        found: dict[str, tuple[nn.Module, InputBins]] = {}
        for layer in self.subject.layers:
            specs = [cell.spec for cell in self._of(layer.name, "activation")]
            if specs:
                module = self.subject.model.get_submodule(layer.module)
                if layer.name not in self._bins:
                    axis = input_channel_axis(module)
                    self._bins[layer.name] = input_bins(self.ranges[layer.name], specs, axis)
                found[layer.name] = module, self._bins[layer.name]
        return found


def hash_seed(seed: int, batch: int, direction: int) -> int:
    """A seed of its own for each direction, the same whoever does the mini-batch."""
    mixed = np.random.SeedSequence([seed, batch, direction]).generate_state(1, np.uint32)
    return int(mixed[0])
