"""Quantised weights, made once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from torch import Tensor

from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.quant.together import batches, fake_quantize_together
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

    def ready(self, layer: Layer, specs: Sequence[QuantSpec]) -> None:
        """Make those that can be made together; collect what the others need of the model's inputs.

        The model runs for that.
        """
        self._together(layer, specs)
        for spec in specs:
            if spec.bias_correction:
                evidence_for(self.subject, layer, replace(spec, rounding="nearest"))
            if _key(layer, spec) not in self._kept:
                evidence_for(self.subject, layer, spec)

    def _together(self, layer: Layer, specs: Iterable[QuantSpec]) -> None:
        keys = dict.fromkeys(_key(layer, spec) for spec in specs)
        missing = [spec for name, spec in keys if (name, spec) not in self._kept]
        weight = self.subject.model.get_parameter(layer.param).detach()
        for batch in batches(missing, weight.numel()):
            made = fake_quantize_together(weight, batch, layer.channel_axis)
            for spec, one in zip(batch, made, strict=True):
                self._keep((layer.name, spec), one)

    def _rounded(self, layer: Layer, spec: QuantSpec) -> Tensor:
        key = _key(layer, spec)
        if key not in self._kept:
            weight = rounded_weight(self.subject, layer, spec)
            self._keep(key, weight)
            return weight
        return self._kept[key]

    def _keep(self, key: Key, weight: Tensor) -> None:
        """Unless it is too much."""
        size = weight.numel() * weight.element_size()
        if self._size + size <= WEIGHT_CACHE_BYTES:
            self._kept[key] = weight
            self._size += size


def _key(layer: Layer, spec: QuantSpec) -> Key:
    """A bias correction leaves the weight alone, so one entry serves with and without."""
    return layer.name, spec.without_bias_correction()
