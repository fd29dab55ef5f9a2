"""Number formats: what one code can stand for, and what is stored beside the codes; torch-free.

Every format has a width `bits`, a text form `label`, `symmetric` (no zero-point), `group_bits`
(stored for each group beside its codes) and `tensor_bits` (stored once a tensor).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from analysis.errors import OptionError

MIN_BITS, MAX_BITS = 2, 16
SCALE_BITS = 32
"""Scales are counted, and simulated, as float32 where the format does not say otherwise."""

EXPONENT_BITS = 8
"""A scale that is a power of two is stored as its exponent."""


def _check_bits(bits: int) -> None:
    if not MIN_BITS <= bits <= MAX_BITS:
        raise OptionError(
            f"Bits must lie between {MIN_BITS} and {MAX_BITS}, not {bits}; "
            "choose a width in that range."
        )


@dataclass(frozen=True, slots=True)
class IntFormat:
    """Integer codes of `bits` bits; symmetric fixes the zero-point at 0.

    Symmetric codes span [-(2^(bits-1)-1), 2^(bits-1)-1], asymmetric ones [0, 2^bits-1]
    (Nagel et al., arXiv 2106.08295, section 2.1-2.2; the restricted symmetric range of TensorRT
    and CMSIS-NN).
    """

    bits: int
    symmetric: bool = False
    tensor_bits: ClassVar[int] = 0

    def __post_init__(self) -> None:
        _check_bits(self.bits)

    @property
    def qmin(self) -> int:
        """Smallest code."""
        return 1 - (1 << (self.bits - 1)) if self.symmetric else 0

    @property
    def qmax(self) -> int:
        """Largest code."""
        return (1 << (self.bits - (1 if self.symmetric else 0))) - 1

    @property
    def group_bits(self) -> int:
        """Scale, and zero-point where there is one."""
        return SCALE_BITS + (0 if self.symmetric else self.bits)

    @property
    def label(self) -> str:
        """Text form, such as ``int4 asym``."""
        return f"int{self.bits} {'sym' if self.symmetric else 'asym'}"


@dataclass(frozen=True, slots=True)
class FixedPointFormat:
    """Two's-complement codes times 2^-n, n whole: the fixed-point number Qm.n, bits = 1 + m + n.

    n is chosen for each group so that its range fits (the power-of-two scale of Jain et al.,
    arXiv 1903.08066, rounded up) and is stored as 8 bits.
    """

    bits: int
    symmetric: ClassVar[bool] = True
    group_bits: ClassVar[int] = EXPONENT_BITS
    tensor_bits: ClassVar[int] = 0

    def __post_init__(self) -> None:
        _check_bits(self.bits)

    @property
    def qmin(self) -> int:
        """Smallest code."""
        return -(1 << (self.bits - 1))

    @property
    def qmax(self) -> int:
        """Largest code."""
        return (1 << (self.bits - 1)) - 1

    @property
    def label(self) -> str:
        """Text form, such as ``fixed8``."""
        return f"fixed{self.bits}"


_LARGEST: Mapping[tuple[int, int], float] = {
    (4, 3): 448.0,
    (5, 2): 57344.0,
    (3, 2): 28.0,
    (2, 3): 7.5,
    (2, 1): 6.0,
}
"""Largest finite number by exponent and mantissa bits: OCP 8-bit Floating Point Specification
(OFP8) 1.0, and OCP Microscaling Formats (MX) Specification 1.0, section 5.3, for FP6 and FP4."""


@dataclass(frozen=True, slots=True)
class FloatFormat:
    """Floating-point codes of 8, 6 or 4 bits, times a float32 scale for each group.

    E4M3 and E5M2 are those of OFP8 (E4M3 has no infinity), E3M2, E2M3 and E2M1 those of the MX
    specification (neither infinity nor NaN). Subnormal numbers are kept; the scale maps the range
    to the largest finite number.
    """

    exponent_bits: int
    mantissa_bits: int
    symmetric: ClassVar[bool] = True
    group_bits: ClassVar[int] = SCALE_BITS
    tensor_bits: ClassVar[int] = 0

    def __post_init__(self) -> None:
        if (self.exponent_bits, self.mantissa_bits) not in _LARGEST:
            known = ", ".join(f"e{e}m{m}" for e, m in _LARGEST)
            raise OptionError(
                f"A float format is one of {known}, not e{self.exponent_bits}m{self.mantissa_bits}."
            )

    @property
    def bits(self) -> int:
        """Width of one code: sign, exponent and mantissa."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def largest(self) -> float:
        """Largest finite number."""
        return _LARGEST[self.exponent_bits, self.mantissa_bits]

    @property
    def lowest_exponent(self) -> int:
        """Exponent of the smallest normal number, 1 - bias; subnormals share its step."""
        return 2 - (1 << (self.exponent_bits - 1))

    @property
    def values(self) -> tuple[float, ...]:
        """Every finite number, ascending; zero once."""
        positive: list[float] = []
        steps = 1 << self.mantissa_bits
        exponent = self.lowest_exponent
        multiples = range(1, 2 * steps)
        while not positive or positive[-1] < self.largest:
            positive += [k * 2.0 ** (exponent - self.mantissa_bits) for k in multiples]
            exponent, multiples = exponent + 1, range(steps, 2 * steps)
        positive = [value for value in positive if value <= self.largest]
        return (*(-value for value in reversed(positive)), 0.0, *positive)

    @property
    def label(self) -> str:
        """Text form, such as ``fp8-e4m3``."""
        return f"fp{self.bits}-e{self.exponent_bits}m{self.mantissa_bits}"


Codebook = Literal["nf4", "ternary", "binary"]

_CODEBOOKS: Mapping[Codebook, tuple[float, ...]] = {
    # Dettmers et al., QLoRA, arXiv 2305.14314, appendix E: quantiles of N(0, 1) scaled to [-1, 1],
    # eight of them for the negative and nine for the positive side, zero shared; as float32.
    "nf4": (
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ),
    "ternary": (-1.0, 0.0, 1.0),
    "binary": (-1.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class CodebookFormat:
    """Codes that look their value up in a table, times a float32 scale for each group.

    "nf4" is NormalFloat4 (QLoRA, arXiv 2305.14314). "ternary" is {-1, 0, 1} with the scale of TWN
    (Li et al., arXiv 1605.04711), stored with 2 bits a code; "binary" is {-1, 1} with the scale of
    XNOR-Net (Rastegari et al., arXiv 1603.05279), which has no zero.
    """

    name: Codebook
    symmetric: ClassVar[bool] = True
    group_bits: ClassVar[int] = SCALE_BITS
    tensor_bits: ClassVar[int] = 0

    @property
    def bits(self) -> int:
        """Width of one code."""
        return (len(self.values) - 1).bit_length()

    @property
    def values(self) -> tuple[float, ...]:
        """The table, ascending."""
        return _CODEBOOKS[self.name]

    @property
    def largest(self) -> float:
        """Largest value of the table."""
        return self.values[-1]

    @property
    def label(self) -> str:
        """Text form: the name."""
        return self.name


MX_BLOCK, NVFP4_BLOCK = 32, 16


@dataclass(frozen=True, slots=True)
class MxFormat:
    """OCP Microscaling Formats (MX) Specification 1.0: 32 elements share an 8-bit exponent (E8M0).

    The elements are FP8, FP6, FP4, or 8-bit integers times 2^-6 (of which -128 is left unused, as
    section 5.3.4 allows, to stay symmetric).
    """

    element: FloatFormat | IntFormat
    symmetric: ClassVar[bool] = True
    group_bits: ClassVar[int] = EXPONENT_BITS
    tensor_bits: ClassVar[int] = 0
    block: ClassVar[int] = MX_BLOCK

    def __post_init__(self) -> None:
        if isinstance(self.element, IntFormat) and self.element != IntFormat(8, symmetric=True):
            raise OptionError("The integer elements of an MX format have 8 bits and no zero-point.")

    @property
    def bits(self) -> int:
        """Width of one element."""
        return self.element.bits

    @property
    def label(self) -> str:
        """Text form, such as ``mxfp4-e2m1`` or ``mxint8``."""
        return "mxint8" if isinstance(self.element, IntFormat) else f"mx{self.element.label}"


@dataclass(frozen=True, slots=True)
class NvFp4Format:
    """NVFP4: E2M1 elements, an E4M3 scale for 16 of them, a float32 scale for the tensor.

    Source: NVIDIA, "Pretraining Large Language Models with NVFP4", arXiv 2509.25149, section 2.
    """

    element: ClassVar[FloatFormat] = FloatFormat(2, 1)
    scale_format: ClassVar[FloatFormat] = FloatFormat(4, 3)
    bits: ClassVar[int] = 4
    symmetric: ClassVar[bool] = True
    group_bits: ClassVar[int] = 8
    tensor_bits: ClassVar[int] = SCALE_BITS
    block: ClassVar[int] = NVFP4_BLOCK
    label: ClassVar[str] = "nvfp4"


Format = IntFormat | FixedPointFormat | FloatFormat | CodebookFormat | MxFormat | NvFp4Format

_FLOATS = tuple(FloatFormat(*pair) for pair in _LARGEST)

FIXED_WIDTH_FORMATS: tuple[Format, ...] = (
    *_FLOATS,
    *(CodebookFormat(name) for name in _CODEBOOKS),
    MxFormat(IntFormat(8, symmetric=True)),
    *(MxFormat(element) for element in _FLOATS),
    NvFp4Format(),
)
_BY_LABEL: Mapping[str, Format] = {known.label: known for known in FIXED_WIDTH_FORMATS}


def parse_format(words: list[str]) -> tuple[Format, list[str]]:
    """Read a format from the front of a label's words.

    Returns:
        The format, and the words that are left.

    Raises:
        ValueError: the words name no format.
        OptionError: the width is outside 2 to 16.
    """
    match words:
        case [str(number), ("sym" | "asym") as symmetry, *rest] if number.startswith("int"):
            return IntFormat(int(number.removeprefix("int")), symmetry == "sym"), rest
        case [str(number), *rest] if number.startswith("fixed"):
            return FixedPointFormat(int(number.removeprefix("fixed"))), rest
        case [str(name), *rest] if name in _BY_LABEL:
            return _BY_LABEL[name], rest
    raise ValueError(words)
