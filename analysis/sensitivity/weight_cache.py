"""Quantised weights, made once."""

from dataclasses import dataclass, field

from torch import Tensor

from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.simulate.simulated import quantized_weight
from analysis.workloads.subject import Subject

CACHE_BYTES = 512 << 20


@dataclass(slots=True, eq=False)
class WeightCache:
    """Quantised weights, kept up to a number of bytes; beyond, made anew each time."""

    subject: Subject
    _kept: dict[tuple[str, str], Tensor] = field(default_factory=dict, init=False)
    _size: int = field(default=0, init=False)

    def get(self, layer: Layer, spec: QuantSpec) -> Tensor:
        """The fake-quantised weight of a layer."""
        key = (layer.name, spec.label)
        if key in self._kept:
            return self._kept[key]
        weight = quantized_weight(self.subject, layer, spec)
        size = weight.numel() * weight.element_size()
        if self._size + size <= CACHE_BYTES:
            self._kept[key] = weight
            self._size += size
        return weight
