"""One way to quantise one tensor, as a value that prints and parses as one line of text."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self, assert_never, get_args

from analysis.errors import OptionError

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

MIN_BITS, MAX_BITS = 2, 16
RangeMethod = Literal["minmax", "percentile", "mse"]
Rounding = Literal["nearest"]


@dataclass(frozen=True, slots=True)
class IntFormat:
    """Integer codes of `bits` bits; symmetric fixes the zero-point at 0.

    Symmetric codes span [-(2^(bits-1)-1), 2^(bits-1)-1], asymmetric ones [0, 2^bits-1]
    (Nagel et al., arXiv 2106.08295, section 2.1-2.2; the restricted symmetric range of TensorRT
    and CMSIS-NN).
    """

    bits: int
    symmetric: bool = False

    def __post_init__(self) -> None:
        if not MIN_BITS <= self.bits <= MAX_BITS:
            raise OptionError(
                f"Bits must lie between {MIN_BITS} and {MAX_BITS}, not {self.bits}; "
                "choose a width in that range."
            )

    @property
    def qmin(self) -> int:
        """Smallest code."""
        return 1 - (1 << (self.bits - 1)) if self.symmetric else 0

    @property
    def qmax(self) -> int:
        """Largest code."""
        return (1 << (self.bits - (1 if self.symmetric else 0))) - 1

    @property
    def label(self) -> str:
        """Text form, such as ``int4 asym``."""
        return f"int{self.bits} {'sym' if self.symmetric else 'asym'}"


@dataclass(frozen=True, slots=True)
class PerTensor:
    """One scale for the whole tensor."""


@dataclass(frozen=True, slots=True)
class PerChannel:
    """One scale for each index of the output-channel axis (`Layer.channel_axis`)."""


@dataclass(frozen=True, slots=True)
class PerGroup:
    """One scale for each `group_size` consecutive weights of an output channel.

    The last group of a channel is shorter where the size does not divide.
    """

    group_size: int

    def __post_init__(self) -> None:
        if self.group_size < 2:
            raise OptionError(f"A group must hold at least 2 weights, not {self.group_size}.")


Granularity = PerTensor | PerChannel | PerGroup


def _granularity_label(granularity: Granularity) -> str:
    match granularity:
        case PerTensor():
            return "per-tensor"
        case PerChannel():
            return "per-channel"
        case PerGroup(group_size):
            return f"per-group-{group_size}"
    assert_never(granularity)


def _parse_granularity(text: str) -> Granularity:
    match text.split("-"):
        case ["per", "tensor"]:
            return PerTensor()
        case ["per", "channel"]:
            return PerChannel()
        case ["per", "group", size] if size.isdigit():
            return PerGroup(int(size))
    raise ValueError(text)


@dataclass(frozen=True, slots=True)
class QuantSpec:
    """Format, granularity, range method and rounding of one tensor.

    `label` is the one text form (screen, JSON, links); `parse` reads it back.
    """

    format: IntFormat
    granularity: Granularity
    range_method: RangeMethod = "minmax"
    rounding: Rounding = "nearest"

    @property
    def bits(self) -> int:
        """Width of one code."""
        return self.format.bits

    @property
    def label(self) -> str:
        """Text form, such as ``int4 asym per-channel minmax``."""
        return f"{self.format.label} {_granularity_label(self.granularity)} {self.range_method}"

    @classmethod
    def parse(cls, label: str) -> Self:
        """Read a `label` back.

        Raises:
            OptionError: the text is no spec.
        """
        try:
            number, symmetry, granularity, method = label.split()
            if not number.startswith("int") or symmetry not in ("sym", "asym"):
                raise ValueError(label)
            if method not in get_args(RangeMethod):
                raise ValueError(label)
            bits = int(number.removeprefix("int"))
            scheme = _parse_granularity(granularity)
        except ValueError:
            raise OptionError(
                f"A spec reads like 'int4 asym per-channel minmax', not {label!r:.80}."
            ) from None
        return cls(IntFormat(bits, symmetry == "sym"), scheme, method)  # type: ignore[arg-type]

    def with_bits(self, bits: int) -> "QuantSpec":
        """The same spec at another width."""
        return replace(self, format=replace(self.format, bits=bits))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> "CoreSchema":
        """JSON form: the label."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(str(value)),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda s: s.label),
        )


WEIGHT_SPEC = QuantSpec(IntFormat(8), PerChannel(), "minmax")
"""Default for weights, at each width by `with_bits` (METHODS 3: asymmetric beats symmetric)."""

ACTIVATION_SPEC = QuantSpec(IntFormat(8), PerTensor(), "mse")
"""Default for activations: one scale, clipped where the squared error is least."""
