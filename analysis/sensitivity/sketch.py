"""The Fisher sketch: all cells from one forward and a few backward passes.

For a mini-batch of m samples, one backward of z'v (v: `cotangents`) gives G = d(z'v)/dW for every
weight, and u = <G, dW> is the first-order output shift of a quantisation error dW along v. Because
the directions of different samples are independent, E[u^2] is the sum over the mini-batch of
dW' F dW: half its mean over all mini-batches, divided by m, is the second-order KL of that cell.
Every further format is one more dot product. Inputs go the same way through `input_bins`.

Source: METHODS 1 and 4.1 (Fisher quadratic form with a square-root sketch).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.layers import Layer
from analysis.sensitivity.cotangents import cotangents
from analysis.sensitivity.input_bins import InputBins, input_bins
from analysis.sensitivity.points import Cell, CellSamples, Stage, Target
from analysis.sensitivity.stage import CellsByLayer
from analysis.sensitivity.weight_cache import WeightCache
from analysis.sensitivity.weight_errors import WeightErrors, weight_errors
from analysis.simulate.calibration import Ranges
from analysis.simulate.quantized import output_leaves
from analysis.simulate.substitution import quiet_inference, substituted
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.parts import cut_batches, samples_in
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch, call_model

Floats = NDArray[np.float64]

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
        weights: quantised weights, made once for all stages.
        cells: all cells, by layer.
    """

    subject: Subject
    ranges: Ranges
    scale: float
    samples: int
    seed: int
    weights: WeightCache
    cells: CellsByLayer
    name: Stage = "sketch"
    forwards: float = 0.0
    _tables: dict[str, WeightErrors] = field(default_factory=dict, init=False)
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
        effects = self._effects(batches, start)
        covered = sum(samples_in(batch) for batch in batches)
        self.forwards += (1 + 2 * batch_plan(self.samples)[1]) * covered / self.samples
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
        model = self.subject.model
        watched = [x for x in self.subject.layers if self._of(x, "weight")]
        tables = [self._errors(layer) for layer in watched]
        rows: dict[tuple[str, Target], list[Tensor]] = defaultdict(list)
        with quiet_inference(self.subject), torch.enable_grad(), self._watched_inputs() as inputs:
            weights = [model.get_parameter(x.param).detach().requires_grad_() for x in watched]
            named = {layer.param: leaf for layer, leaf in zip(watched, weights, strict=True)}
            shifted = [
                x for x, table in zip(watched, tables, strict=True) if table.shifts is not None
            ]
            with output_leaves(model, shifted) as added, substituted(model, named):
                leaves = [*weights, *added.values()]
                for number, batch in enumerate(batches, start):
                    for gradients in self._gradients(batch, number, leaves, inputs):
                        of_outputs = dict(zip(added, gradients[len(watched) :], strict=True))
                        for layer, table, gradient in zip(watched, tables, gradients, strict=False):
                            effects = table.effects(gradient, of_outputs.get(layer.name))
                            rows[layer.name, "weight"].append(effects)
                        for name, found in inputs.effects.items():
                            rows[name, "activation"].append(found)
        return {
            cell: column
            for layer in self.subject.layers
            for target in get_args(Target)
            if rows[layer.name, target]
            for cell, column in zip(
                self._of(layer, target),
                torch.stack(rows[layer.name, target]).double().T.numpy(),
                strict=True,
            )
        }

    def _gradients(
        self, batch: Batch, number: int, leaves: Sequence[Tensor], inputs: "_WatchedInputs"
    ) -> Iterator[Sequence[Tensor | None]]:
        """One forward and its backward passes: the gradients of the leaves, by direction."""
        _, directions = batch_plan(self.samples)
        inputs.roots.clear()
        output = self.subject.take(call_model(self.subject.model, batch[0]))
        if not output.requires_grad:
            raise ModelError(_NO_BACKWARD)
        wanted = [*leaves, *inputs.roots]
        for direction in range(directions):
            seed = hash_seed(self.seed, number, direction)
            v = cotangents(self.subject.divergence, output.detach(), self.scale, seed)
            inputs.effects.clear()
            found = _backward((output * v).sum(), wanted, direction + 1 < directions)
            yield found[: len(leaves)]

    def _of(self, layer: Layer, target: Target) -> list[Cell]:
        return [cell for cell in self.cells.get(layer.name, ()) if cell.target == target]

    def _errors(self, layer: Layer) -> WeightErrors:
        """What each spec does to the weight; made once."""
        if layer.name not in self._tables:
            specs = [cell.spec for cell in self._of(layer, "weight")]
            self._tables[layer.name] = weight_errors(self.weights, layer, specs)
        return self._tables[layer.name]

    @contextmanager
    def _watched_inputs(self) -> Iterator["_WatchedInputs"]:
        """Hooks that tell the effect of the errors of the inputs, while the context lasts."""
        watched = _WatchedInputs(alone=not self._tables)
        with temporary_hooks() as handles:
            for layer in self.subject.layers:
                specs = [cell.spec for cell in self._of(layer, "activation")]
                if not specs:
                    continue
                if layer.name not in self._bins:
                    self._bins[layer.name] = input_bins(self.ranges[layer.name], specs)
                module = self.subject.model.get_submodule(layer.module)
                hook = watched.hook(layer.name, self._bins[layer.name])
                handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))
            yield watched


@dataclass(slots=True, eq=False)
class _WatchedInputs:
    """What the hooks of one mini-batch share.

    Attributes:
        alone: whether no weight asks for a gradient, so that every input has to.
        roots: inputs that need a gradient and would not get one by themselves.
        effects: layer name to the effect of each spec, filled during a backward.
    """

    alone: bool
    roots: list[Tensor] = field(default_factory=list)
    effects: dict[str, Tensor] = field(default_factory=dict)

    def hook(self, name: str, bins: InputBins) -> Any:
        """A forward pre-hook for one layer."""

        def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
            first = None if args else next(iter(kwargs))
            given = args[0] if first is None else kwargs[first]
            # An alias of its own, so that the gradient is that of this use alone.
            alias = given.view_as(given) if given.requires_grad else given.detach().requires_grad_()
            if self.alone or not given.requires_grad:
                self.roots.append(alias)
            places = bins.place(given)

            def backward(gradient: Tensor) -> None:
                found = bins.effects(places, gradient)
                earlier = self.effects.get(name)
                self.effects[name] = found if earlier is None else earlier + found

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
