"""Which questions a sweep asks: every tensor at every width."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.quant.spec import PerTensor, QuantSpec
from analysis.sensitivity.points import Cell, Method, Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What is to be swept."""

    bits: tuple[int, ...]
    target: Targets
    method: Method
    weight_spec: QuantSpec
    activation_spec: QuantSpec

    def __post_init__(self) -> None:
        if not self.bits or len(set(self.bits)) != len(self.bits):
            raise OptionError(
                f"A sweep needs one or more different bit-widths, such as 2,3,4,8; "
                f"not {', '.join(map(str, self.bits)) or 'none'}."
            )
        for name, value, allowed in (
            ("target", self.target, get_args(Targets)),
            ("method", self.method, get_args(Method)),
        ):
            if value not in allowed:
                raise OptionError(f"The {name} must be one of {', '.join(allowed)}; not {value!r}.")
        if not isinstance(self.activation_spec.granularity, PerTensor):
            raise OptionError(
                "Activations take one scale for the whole tensor (per-tensor), because the scale "
                f"must leave the sum of products; not {self.activation_spec.label!r}."
            )
        for width in self.bits:
            self.weight_spec.with_bits(width)

    def cells(self, layers: Iterable[Layer]) -> tuple[Cell, ...]:
        """Every question, layer by layer."""
        return tuple(cell for layer in layers for cell in self._of(layer))

    def _of(self, layer: Layer) -> Iterator[Cell]:
        for width in sorted(self.bits):
            if self.target != "activation":
                yield Cell(layer.name, "weight", self.weight_spec.with_bits(width).label)
        for width in sorted(self.bits):
            if self.target != "weight" and layer.has_input:
                yield Cell(layer.name, "activation", self.activation_spec.with_bits(width).label)
