"""What all proxies share: the cells, the quantised weights, a graph."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor

from analysis.layers import Layer
from analysis.sensitivity.exact import chunk_size
from analysis.sensitivity.points import Cell
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.quantized import QuantizedWeight
from analysis.simulate.substitution import quiet_inference, substituted
from analysis.workloads.parts import count_samples, cut_batches, samples_in
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What a proxy is computed from.

    Attributes:
        cells: weight cells, by layer name.
        seed: of the random signs.
        watch: told the finished share of the pass, before each batch; may raise to stop it.
    """

    subject: Subject
    weights: WeightCache
    cells: Mapping[str, Sequence[Cell]]
    seed: int
    watch: Callable[[float], None] = lambda _share: None
    _own: Mapping[str, Tensor] = field(init=False)

    def __post_init__(self) -> None:
        named = self.subject.model.get_parameter
        object.__setattr__(self, "_own", {x.param: named(x.param) for x in self.layers})

    @property
    def samples(self) -> int:
        """Size of the sweep set."""
        return count_samples(self.subject.parts.sweep)

    @property
    def layers(self) -> list[Layer]:
        """Layers that have cells, in call order."""
        return [layer for layer in self.subject.layers if self.cells.get(layer.name)]

    def weight(self, layer: Layer) -> Tensor:
        """The float weight, free of any graph."""
        return self._own[layer.param].detach()

    def quantized(self, layer: Layer, cell: Cell) -> QuantizedWeight:
        """The weight as the cell's spec leaves it; also while `leaves` stand in for weights."""
        with (
            torch.no_grad(),
            substituted(self.subject.model, {layer.param: self._own[layer.param]}),
        ):
            return self.weights.get(layer, cell.spec)

    def error(self, layer: Layer, cell: Cell) -> Tensor:
        """dW: quantised less float weight, float64."""
        return self.quantized(layer, cell).weight.double() - self.weight(layer).double()

    def batches(self, size: int | None = None) -> Iterator[Batch]:
        """The sweep set in chunks, or in batches of at most `size`."""
        done, samples = 0, self.samples
        for batch in cut_batches(
            self.subject.parts.sweep, self.subject.whole(size or chunk_size(self.subject.layers))
        ):
            self.watch(done / samples)
            yield batch
            done += samples_in(batch)

    @contextmanager
    def leaves(self) -> Iterator[list[Tensor]]:
        """Leaves of a graph in the weights' place, by `layers`; the model is locked meanwhile."""
        leaves = [self.weight(layer).requires_grad_() for layer in self.layers]
        named = {layer.param: leaf for layer, leaf in zip(self.layers, leaves, strict=True)}
        with (
            quiet_inference(self.subject),
            torch.enable_grad(),
            substituted(self.subject.model, named),
        ):
            yield leaves
