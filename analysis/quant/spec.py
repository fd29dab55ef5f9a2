"""One way to quantise one tensor, as a value that prints and parses as one line of text."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, assert_never, get_args

from analysis.errors import OptionError
from analysis.quant.formats import (
    FIXED_WIDTH_FORMATS,
    MAX_BITS,
    MIN_BITS,
    SCALE_BITS,
    CodebookFormat,
    FixedPointFormat,
    FloatFormat,
    Format,
    IntFormat,
    MxFormat,
    NvFp4Format,
    parse_format,
)
from analysis.quant.granularity import (
    Granularity,
    PerChannel,
    PerGroup,
    PerTensor,
    granularity_label,
    parse_granularity,
)
from analysis.quant.rules import check_activation_spec, check_weight_spec, objections
from analysis.quant.terms import ACTIVATION_RANGES, WEIGHT_RANGES, RangeMethod, Rounding

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = [
    "ACTIVATION_RANGES",
    "ACTIVATION_SPEC",
    "FIXED_WIDTH_FORMATS",
    "MAX_BITS",
    "MIN_BITS",
    "SCALE_BITS",
    "WEIGHT_RANGES",
    "WEIGHT_SPEC",
    "CodebookFormat",
    "FixedPointFormat",
    "FloatFormat",
    "Format",
    "Granularity",
    "IntFormat",
    "MxFormat",
    "NvFp4Format",
    "PerChannel",
    "PerGroup",
    "PerTensor",
    "QuantSpec",
    "RangeMethod",
    "Rounding",
    "check_activation_spec",
    "check_weight_spec",
    "granularity_label",
]

_GAIN, _BIAS, _CLIP = "+gain", "+bias", "clip"


@dataclass(frozen=True, slots=True)
class QuantSpec:
    """Format, granularity, range method, rounding and corrections of one tensor.

    `label` is the one text form (screen, JSON, links); `parse` reads it back.

    Attributes:
        range_method: "mean" takes the scale from the mean magnitude, for ternary and binary alone.
        rounding: "gptq" lets later weights of a channel make up for the error of earlier ones.
        clip: share of the min-max range that the codes cover, in hundredths; 1 clips nothing.
        gain_correction: rescale each group by |w|^2 / <w_hat, w>, so that clipping and rounding do
            not shrink it.
        bias_correction: add the mean error of the layer's output over the calibration set to its
            bias.
    """

    format: Format
    granularity: Granularity
    range_method: RangeMethod = "minmax"
    rounding: Rounding = "nearest"
    clip: float = 1.0
    gain_correction: bool = False
    bias_correction: bool = False

    def __post_init__(self) -> None:
        for reason in objections(self):
            raise OptionError(f"{reason}, so {self.label!r} cannot be used.")

    @property
    def bits(self) -> int:
        """Width of one code."""
        return self.format.bits

    @property
    def label(self) -> str:
        """Text form, such as ``int4 asym per-channel minmax`` or ``… clip0.85 gptq +bias``."""
        words = [self.format.label, granularity_label(self.granularity), self.range_method]
        if self.clip != 1.0:
            words.append(f"{_CLIP}{self.clip:g}")
        if self.rounding != "nearest":
            words.append(self.rounding)
        if self.gain_correction:
            words.append(_GAIN)
        if self.bias_correction:
            words.append(_BIAS)
        return " ".join(words)

    @property
    def kernel(self) -> str:
        """What a kernel must know of it; how scales and codes were found does not matter to it."""
        words = [self.format.label, granularity_label(self.granularity)]
        return " ".join([*words, "dynamic"] if self.range_method == "dynamic" else words)

    @property
    def family(self) -> str:
        """The `kernel` whatever the width, where the format comes in several."""
        sized = isinstance(self.format, IntFormat | FixedPointFormat)
        return (self.with_bits(8) if sized else self).kernel

    @property
    def at_run_time(self) -> bool:
        """Whether an input quantised so has scales that are found when it comes."""
        return self.range_method == "dynamic" or isinstance(self.format, MxFormat | NvFp4Format)

    @property
    def needs_inputs(self) -> bool:
        """Whether a weight quantised so depends on the inputs of its layer."""
        return self.rounding == "gptq" or self.bias_correction

    @classmethod
    @lru_cache(maxsize=4096)
    def parse(cls, label: str) -> Self:
        """Read a `label` back; the words after the range method may stand in any order.

        Raises:
            OptionError: the text is no spec.
        """
        try:
            form, (granularity, method, *extras) = parse_format(label.split())
            if method not in get_args(RangeMethod):
                raise ValueError(label)
            chosen: Any = {"range_method": method, **_extras(extras)}
            return cls(form, parse_granularity(granularity), **chosen)
        except OptionError:
            raise
        except ValueError:
            raise OptionError(
                f"A spec reads like 'int4 asym per-channel minmax', not {label!r:.80}."
            ) from None

    def without_bias_correction(self) -> "QuantSpec":
        """The same spec but for its bias correction, which leaves the weight itself alone."""
        return replace(self, bias_correction=False) if self.bias_correction else self

    def with_bits(self, bits: int) -> "QuantSpec":
        """The same spec at another width.

        Raises:
            OptionError: the format has a fixed width, and it is another; or no such width exists.
        """
        match self.format:
            case IntFormat() | FixedPointFormat():
                return replace(self, format=replace(self.format, bits=bits))
            case FloatFormat() | CodebookFormat() | MxFormat() | NvFp4Format():
                if bits == self.bits:
                    return self
                raise OptionError(
                    f"{self.format.label} always has {self.bits} bits, not {bits}; "
                    "take an integer or fixed-point format for other widths."
                )
        assert_never(self.format)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> "CoreSchema":
        """JSON form: the label."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.parse(str(value)),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda s: s.label),
        )


def _extras(words: list[str]) -> dict[str, Any]:
    """The optional words of a label as keywords; a word may stand once."""
    found: dict[str, Any] = {}
    for word in words:
        key, value = _extra(word)
        if key in found:
            raise ValueError(word)
        found[key] = value
    return found


def _extra(word: str) -> tuple[str, Any]:
    if word.startswith(_CLIP):
        return "clip", float(word.removeprefix(_CLIP))
    known = {
        "gptq": ("rounding", word),
        _GAIN: ("gain_correction", True),
        _BIAS: ("bias_correction", True),
    }
    if word not in known:
        raise ValueError(word)
    return known[word]


WEIGHT_SPEC = QuantSpec(IntFormat(8), PerChannel(), "minmax")
"""Default for weights, at each width by `with_bits` (METHODS 3: asymmetric beats symmetric)."""

ACTIVATION_SPEC = QuantSpec(IntFormat(8), PerTensor(), "mse")
"""Default for activations: one scale, clipped where the squared error is least."""
