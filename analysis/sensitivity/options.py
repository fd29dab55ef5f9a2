"""What a sweep asks: every tensor at every width, how, and for how long."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict, get_args

from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.quant.spec import (
    ACTIVATION_SPEC,
    WEIGHT_SPEC,
    QuantSpec,
    check_activation_spec,
    check_weight_spec,
)
from analysis.sensitivity.candidates import Specs, check_base
from analysis.sensitivity.points import DEFAULT_BITS, Cell, Method, Targets, WeightScheme


class SweepKeywords(TypedDict, total=False):
    """Keywords of `analysis.sweep`; meanings and defaults are those of `SweepOptions`."""

    bits: Sequence[int]
    target: Targets
    method: Method
    weight_spec: QuantSpec
    activation_spec: QuantSpec
    weight_scheme: WeightScheme
    seed: int
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """What a sweep asks.

    Attributes:
        bits: widths from 2 to 16.
        target: weights, the layers' inputs, or both (each alone).
        method: "sketch" estimates every cell from a few backward passes; "sampled" measures every
            cell on drawn samples; "exact" measures every cell on the whole sweep set; "anytime"
            does one after the other.
        weight_spec: taken at each width for the weights.
        activation_spec: likewise for the inputs; per-tensor.
        weight_scheme: "fixed" quantises every weight by `weight_spec`; "best" chooses range,
            rounding and corrections for each weight and width (see `best_specs`), with the format
            and granularity of `weight_spec`.
        seed: of the random signs and draws; same seed, same result.
        seconds: no new unit of work starts after so many seconds; None works to the end.
    """

    bits: tuple[int, ...] = DEFAULT_BITS
    target: Targets = "weight"
    method: Method = "exact"
    weight_spec: QuantSpec = WEIGHT_SPEC
    activation_spec: QuantSpec = ACTIVATION_SPEC
    weight_scheme: WeightScheme = "fixed"
    seed: int = 0
    seconds: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", tuple(self.bits))
        if not self.bits or len(set(self.bits)) != len(self.bits):
            raise OptionError(
                f"A sweep needs one or more different bit-widths, such as 2,3,4,8; "
                f"not {', '.join(map(str, self.bits)) or 'none'}."
            )
        for name, value, allowed in (
            ("target", self.target, get_args(Targets)),
            ("method", self.method, get_args(Method)),
            ("weight scheme", self.weight_scheme, get_args(WeightScheme)),
        ):
            if value not in allowed:
                raise OptionError(f"The {name} must be one of {', '.join(allowed)}; not {value!r}.")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise OptionError(f"A time budget must be positive seconds, not {self.seconds}.")
        self._check_specs()

    def _check_specs(self) -> None:
        check_weight_spec(self.weight_spec)
        check_activation_spec(self.activation_spec)
        if self.weight_scheme == "best":
            check_base(self.weight_spec)
        for width in self.bits:
            if self.target != "activation":
                self.weight_spec.with_bits(width)
            if self.target != "weight":
                self.activation_spec.with_bits(width)

    def cells(self, layers: Iterable[Layer], chosen: Specs | None = None) -> tuple[Cell, ...]:
        """Every question, layer by layer; `chosen` are the weight specs of the "best" scheme."""
        return tuple(cell for layer in layers for cell in self._of(layer, chosen))

    def _of(self, layer: Layer, chosen: Specs | None) -> Iterator[Cell]:
        for width in sorted(self.bits):
            if self.target != "activation":
                spec = chosen[layer.name][width] if chosen else self.weight_spec.with_bits(width)
                yield Cell(layer.name, "weight", spec.label)
        for width in sorted(self.bits):
            if self.target != "weight" and layer.has_input:
                yield Cell(layer.name, "activation", self.activation_spec.with_bits(width).label)
