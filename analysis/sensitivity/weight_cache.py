"""Quantised weights, made once."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from torch import Tensor

from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.memory import WEIGHT_CACHE_BYTES
from analysis.simulate.evidence import evidence_for
from analysis.simulate.quantized import QuantizedWeight, corrected, rounded_weight
from analysis.workloads.subject import Subject

Key = tuple[str, QuantSpec]


@dataclass(slots=True, eq=False)
class WeightCache:
    """Quantised weights, kept up to a number of bytes; beyond, made anew each time."""

    subject: Subject
    _kept: dict[Key, Tensor] = field(default_factory=dict, init=False)
    _size: int = field(default=0, init=False)

    def get(self, layer: Layer, spec: QuantSpec) -> QuantizedWeight:
        """The weight of a layer as a spec leaves it."""
        return corrected(self.subject, layer, spec, self._rounded(layer, spec))

    def ready(self, layer: Layer, specs: Iterable[QuantSpec]) -> None:
        """Collect what is missing to make these weights, which needs the model to run."""
        for spec in specs:
            if spec.bias_correction:
                evidence_for(self.subject, layer, replace(spec, rounding="nearest"))
            if _key(layer, spec) not in self._kept:
                evidence_for(self.subject, layer, spec)

    def _rounded(self, layer: Layer, spec: QuantSpec) -> Tensor:
        key = _key(layer, spec)
        if key in self._kept:
            return self._kept[key]
        weight = rounded_weight(self.subject, layer, spec)
        size = weight.numel() * weight.element_size()
        if self._size + size <= WEIGHT_CACHE_BYTES:
            self._kept[key] = weight
            self._size += size
        return weight


def _key(layer: Layer, spec: QuantSpec) -> Key:
    """A bias correction leaves the weight alone, so one entry serves with and without."""
    return layer.name, replace(spec, bias_correction=False)
