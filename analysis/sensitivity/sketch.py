"""The Fisher sketch: all cells from one forward and a few backward passes.

For a mini-batch of m samples, one backward of z'v (v: `cotangents`) gives G = d(z'v)/dW for every
weight, and u = <G, dW> is the first-order output shift of a quantisation error dW along v. Because
the directions of different samples are independent, E[u^2] is the sum over the mini-batch of
dW' F dW: half its mean over all mini-batches, divided by m, is the second-order KL of that cell.
Every further format is one more dot product. Inputs go the same way through `input_bins`.

Source: METHODS 1 and 4.1 (Fisher quadratic form with a square-root sketch).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.layers import Layer
from analysis.sensitivity.cotangents import cotangents
from analysis.sensitivity.input_bins import InputBins, input_bins
from analysis.sensitivity.points import Cell, CellSamples, Stage
from analysis.sensitivity.stage import CellsByLayer
from analysis.simulate.calibration import Ranges
from analysis.simulate.simulated import quantized_weight
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.parts import cut_batches, samples_in
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch

ROWS = 64
"""Mini-batch directions wanted: their squares scatter by sqrt(2 / ROWS) around the mean."""

LARGEST_BATCH = 16
UNITS = 4
"""Units of work a sketch is cut into, for progress, cancel and resume."""


def batch_plan(samples: int) -> tuple[int, int]:
    """Mini-batch size and directions a mini-batch that give at least `ROWS` rows."""
    size = min(max(samples // ROWS, 1), LARGEST_BATCH)
    batches = -(-samples // size)
    return size, max(1, -(-ROWS // batches))


@dataclass(slots=True, eq=False)
class SketchStage:
    """Estimates every cell from mini-batches of the sweep set.

    Attributes:
        scale: mean squared output norm, the unit of "mse".
        samples: size of the sweep set.
        cells: all cells, by layer.
    """

    subject: Subject
    ranges: Ranges
    scale: float
    samples: int
    seed: int
    cells: CellsByLayer
    name: Stage = "sketch"
    forwards: float = 0.0
    _errors: dict[str, Tensor] = field(default_factory=dict, init=False)
    _bins: dict[str, InputBins] = field(default_factory=dict, init=False)
    _batches: list[Batch] = field(init=False)

    def __post_init__(self) -> None:
        size, _ = batch_plan(self.samples)
        self._batches = list(cut_batches(self.subject.parts.sweep, size))

    @property
    def planned(self) -> float:
        """Expected work; a backward pass counts two forwards."""
        return 1.0 + 2.0 * batch_plan(self.samples)[1]

    @property
    def starts(self) -> Sequence[int]:
        """Numbers of the units: runs of mini-batches."""
        step = -(-len(self._batches) // UNITS)
        return range(0, len(self._batches), step)

    def measure(self, start: int, cells: CellsByLayer) -> Iterator[CellSamples]:
        """All cells on one run of mini-batches; a sketch has no cheaper subset."""
        step = -(-len(self._batches) // UNITS)
        batches = self._batches[start : start + step]
        _, directions = batch_plan(self.samples)
        rows: dict[Cell, list[float]] = {}
        with quiet_inference(self.subject), torch.enable_grad():
            for number, batch in enumerate(batches, start):
                self._batch(batch, number, directions, rows)
        covered = sum(samples_in(batch) for batch in batches)
        self.forwards += (1 + 2 * directions) * covered / self.samples
        mean_size = self.samples / len(self._batches)
        for cell in (cell for group in cells.values() for cell in group):
            u = np.asarray(rows[cell])
            yield CellSamples(
                cell,
                start,
                divergence=0.5 * u**2 / mean_size,
                statistics=np.empty((len(u), 0)),
                stage="sketch",
                shifts=(u / mean_size**0.5).astype(np.float32)[:, None],
                samples=covered,
            )

    def _batch(
        self, batch: Batch, number: int, directions: int, rows: dict[Cell, list[float]]
    ) -> None:
        """One forward and its backward passes; adds u of each cell and direction to `rows`."""
        model = self.subject.model
        layers = [layer for layer in self.subject.layers if self._has(layer, "weight")]
        leaves = {x.param: model.get_parameter(x.param).detach().requires_grad_() for x in layers}
        effects: dict[str, Tensor] = {}
        with self._watched_inputs(effects) as roots:
            output = self.subject.take(call_with(model, leaves, batch[0]))
            if not output.requires_grad:
                raise ModelError(_NO_BACKWARD)
            for direction in range(directions):
                seed = hash_seed(self.seed, number, direction)
                v = cotangents(self.subject.divergence, output.detach(), self.scale, seed)
                effects.clear()
                gradients = _backward(
                    (output * v).sum(), [*leaves.values(), *roots], direction + 1 < directions
                )
                for layer, gradient in zip(layers, gradients, strict=False):
                    self._add(rows, layer, "weight", self._weight_effects(layer, gradient))
                for layer in self.subject.layers:
                    if layer.name in effects:
                        self._add(rows, layer, "activation", effects[layer.name])

    def _has(self, layer: Layer, target: str) -> bool:
        return any(cell.target == target for cell in self.cells.get(layer.name, ()))

    def _of(self, layer: Layer, target: str) -> list[Cell]:
        return [cell for cell in self.cells.get(layer.name, ()) if cell.target == target]

    def _add(
        self, rows: dict[Cell, list[float]], layer: Layer, target: str, effects: Tensor
    ) -> None:
        for cell, value in zip(self._of(layer, target), effects.tolist(), strict=True):
            rows.setdefault(cell, []).append(value)

    def _weight_effects(self, layer: Layer, gradient: Tensor | None) -> Tensor:
        if layer.name not in self._errors:
            weight = self.subject.model.get_parameter(layer.param).detach()
            specs = [cell.spec for cell in self._of(layer, "weight")]
            errors = [quantized_weight(self.subject, layer, s) - weight for s in specs]
            self._errors[layer.name] = torch.stack([error.flatten() for error in errors])
        errors_of = self._errors[layer.name]
        return errors_of @ gradient.flatten() if gradient is not None else errors_of[:, 0] * 0

    @contextmanager
    def _watched_inputs(self, effects: dict[str, Tensor]) -> Iterator[list[Tensor]]:
        """Hooks that fill `effects` during a backward; yields inputs that need a gradient."""
        roots: list[Tensor] = []
        with temporary_hooks() as handles:
            for layer in self.subject.layers:
                if self._has(layer, "activation"):
                    module = self.subject.model.get_submodule(layer.module)
                    hook = self._input_hook(layer, effects, roots)
                    handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))
            yield roots

    def _input_hook(self, layer: Layer, effects: dict[str, Tensor], roots: list[Tensor]) -> Any:
        if layer.name not in self._bins:
            specs = [cell.spec for cell in self._of(layer, "activation")]
            self._bins[layer.name] = input_bins(self.ranges[layer.name], specs)
        bins = self._bins[layer.name]

        def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
            first = None if args else next(iter(kwargs))
            given = args[0] if first is None else kwargs[first]
            # An alias of its own, so that the gradient is that of this use alone.
            alias = given.view_as(given) if given.requires_grad else given.detach().requires_grad_()
            if not given.requires_grad:
                roots.append(alias)
            places = bins.place(given)

            def backward(gradient: Tensor) -> None:
                found = bins.effects(places, gradient)
                earlier = effects.get(layer.name)
                effects[layer.name] = found if earlier is None else earlier + found

            alias.register_hook(backward)
            if first is None:
                return (alias, *args[1:]), kwargs
            return args, {**kwargs, first: alias}

        return hook


_NO_BACKWARD = (
    "A sketch needs a backward pass, and this model's output does not depend on its weights in a "
    "differentiable way (integer or frozen graph); use the sampled sweep instead."
)


def _backward(loss: Tensor, inputs: Sequence[Tensor], keep: bool) -> tuple[Tensor | None, ...]:
    try:
        return torch.autograd.grad(loss, inputs, retain_graph=keep, allow_unused=True)
    except RuntimeError as error:
        first = str(error).splitlines()[0]
        raise ModelError(f"{_NO_BACKWARD} (torch says: {first:.150})") from error


def hash_seed(seed: int, batch: int, direction: int) -> int:
    """A seed of its own for each direction, the same whoever does the mini-batch."""
    mixed = np.random.SeedSequence([seed, batch, direction]).generate_state(1, np.uint32)
    return int(mixed[0])
