"""What a sweep asks: every tensor at every width, how, and for how long."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from analysis.sensitivity.candidates import Chosen, check_base, widths_of
from analysis.sensitivity.memory import Asked
from analysis.sensitivity.points import DEFAULT_BITS, Cell, Method, Scheme, Target, Targets

MOST_WORKERS = 256


class SweepKeywords(TypedDict, total=False):
    """Keywords of `analysis.sweep`; meanings and defaults are those of `SweepOptions`."""

    bits: Sequence[int]
    target: Targets
    method: Method
    weight_spec: QuantSpec
    activation_spec: QuantSpec
    weight_scheme: Scheme
    weight_families: Sequence[QuantSpec]
    activation_scheme: Scheme
    activation_families: Sequence[QuantSpec]
    seed: int
    seconds: float | None
    workers: int


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
        activation_spec: likewise for the inputs.
        weight_scheme: "fixed" quantises every weight by `weight_spec`; "best" chooses range,
            rounding and corrections for each weight and width, once within each family.
        weight_families: bases that leave these open; what is chosen within each is swept, so that
            hardware which takes one family alone still has a choice. Empty takes `weight_spec`.
        activation_scheme: likewise for the ranges of the inputs.
        activation_families: likewise; empty takes `activation_spec`'s format with its range open.
        seed: of the random signs and draws; same seed, same result.
        seconds: no new unit of work starts after so many seconds; None works to the end.
        workers: processes that share the samples, each with one thread; the figures are the same
            whatever their number. More than one need a workload with a source.
    """

    bits: tuple[int, ...] = DEFAULT_BITS
    target: Targets = "weight"
    method: Method = "exact"
    weight_spec: QuantSpec = WEIGHT_SPEC
    activation_spec: QuantSpec = ACTIVATION_SPEC
    weight_scheme: Scheme = "fixed"
    weight_families: tuple[QuantSpec, ...] = ()
    activation_scheme: Scheme = "fixed"
    activation_families: tuple[QuantSpec, ...] = ()
    seed: int = 0
    seconds: float | None = None
    workers: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "bits", tuple(self.bits))
        object.__setattr__(self, "weight_families", tuple(self.weight_families))
        object.__setattr__(self, "activation_families", tuple(self.activation_families))
        if not self.bits or len(set(self.bits)) != len(self.bits):
            raise OptionError(
                f"A sweep needs one or more different bit-widths, such as 2,3,4,8; "
                f"not {', '.join(map(str, self.bits)) or 'none'}."
            )
        for name, value, allowed in (
            ("target", self.target, get_args(Targets)),
            ("method", self.method, get_args(Method)),
            ("weight scheme", self.weight_scheme, get_args(Scheme)),
            ("activation scheme", self.activation_scheme, get_args(Scheme)),
        ):
            if value not in allowed:
                raise OptionError(f"The {name} must be one of {', '.join(allowed)}; not {value!r}.")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise OptionError(f"A time budget must be positive seconds, not {self.seconds}.")
        if not 1 <= self.workers <= MOST_WORKERS:
            raise OptionError(
                f"A sweep is shared by 1 to {MOST_WORKERS} workers, not {self.workers}; "
                "as many as the machine has cores are of use."
            )
        self._check_specs()

    def _check_specs(self) -> None:
        check_weight_spec(self.weight_spec)
        check_activation_spec(self.activation_spec)
        fixed: Mapping[Target, QuantSpec] = {
            "weight": self.weight_spec,
            "activation": self.activation_spec,
        }
        for target, spec in fixed.items():
            families = self.families(target)
            for family in families:
                check_base(family, target)
            if self.target in (target, "both"):
                for base in families or (spec,):
                    for width in widths_of(base, self.bits) if families else self.bits:
                        base.with_bits(width)

    def families(self, target: Target) -> tuple[QuantSpec, ...]:
        """The bases to choose within; none where the spec is fixed."""
        if target == "weight":
            chosen = self.weight_families or (self.weight_spec,)
            return chosen if self.weight_scheme == "best" else ()
        plain = QuantSpec(self.activation_spec.format, self.activation_spec.granularity)
        return (self.activation_families or (plain,)) if self.activation_scheme == "best" else ()

    def memory(self, samples: int) -> Asked:
        """What decides about the memory."""
        weights, inputs = (
            len(self.bits) * max(len(self.families(target)), 1) * (self.target in (target, "both"))
            for target in get_args(Target)
        )
        chosen = bool(self.families("weight") or self.families("activation"))
        return Asked(weights, inputs, chosen, samples, self.method, self.workers)

    def cells(self, layers: Iterable[Layer], chosen: Chosen | None = None) -> tuple[Cell, ...]:
        """Every question, layer by layer; `chosen` are the specs of the "best" schemes."""
        known = chosen or {}
        return tuple(cell for layer in layers for cell in self._of(layer, known))

    def _of(self, layer: Layer, chosen: Chosen) -> Iterator[Cell]:
        for target in get_args(Target):
            if self.target not in (target, "both"):
                continue
            if target == "activation" and not layer.has_input:
                continue
            spec = self.weight_spec if target == "weight" else self.activation_spec
            specs = chosen.get((layer.name, target))
            if specs is None:
                specs = tuple(spec.with_bits(width) for width in sorted(self.bits))
            for one in specs:
                yield Cell(layer.name, target, one.label)
