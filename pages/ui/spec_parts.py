"""A spec taken apart into the choices of its controls, and put together again; no streamlit."""

from dataclasses import dataclass, replace

from analysis.errors import OptionError
from analysis.quant.spec import (
    FIXED_WIDTH_FORMATS,
    WEIGHT_RANGES,
    CodebookFormat,
    FixedPointFormat,
    Format,
    Granularity,
    IntFormat,
    MxFormat,
    NvFp4Format,
    PerChannel,
    PerGroup,
    PerTensor,
    QuantSpec,
    RangeMethod,
    Rounding,
    granularity_label,
)

WIDTHS = (2, 3, 4, 5, 6, 8)
GROUPS = (16, 32, 64, 128)
NEAREST: Rounding = "nearest"
ROUNDINGS: tuple[Rounding, ...] = (NEAREST, "gptq")
GAIN, BIAS = "gain", "bias"

_SIZED = ("int asym", "int sym", "fixed-point")


def _family(form: Format) -> str:
    """The format without its width, where it comes in several."""
    match form:
        case IntFormat():
            return "int sym" if form.symmetric else "int asym"
        case FixedPointFormat():
            return "fixed-point"
    return form.label


FORMATS: tuple[str, ...] = (*_SIZED, *(form.label for form in FIXED_WIDTH_FORMATS))
_CHOICES: tuple[Granularity, ...] = (PerTensor(), PerChannel(), *map(PerGroup, GROUPS))
GRANULARITIES: tuple[str, ...] = tuple(granularity_label(choice) for choice in _CHOICES)
_FIXED: dict[str, Format] = {form.label: form for form in FIXED_WIDTH_FORMATS}


@dataclass(frozen=True, slots=True)
class Parts:
    """The choices behind one spec, as the controls show them."""

    format: str
    bits: int
    granularity: str
    range: str
    rounding: str
    corrections: tuple[str, ...]

    @classmethod
    def of(cls, spec: QuantSpec) -> "Parts":
        """Take a spec apart."""
        flags = {GAIN: spec.gain_correction, BIAS: spec.bias_correction}
        return cls(
            _family(spec.format),
            spec.bits,
            granularity_label(spec.granularity),
            spec.range_method if spec.clip == 1 else f"clip {spec.clip:g}",
            spec.rounding,
            tuple(name for name, on in flags.items() if on),
        )


def _format(name: str, bits: int) -> Format:
    if name in _FIXED:
        return _FIXED[name]
    return FixedPointFormat(bits) if name == "fixed-point" else IntFormat(bits, name == "int sym")


def widths(parts: Parts) -> tuple[int, ...]:
    """The widths this format comes in."""
    if parts.format in _FIXED:
        return (parts.bits,)
    return tuple(sorted({*WIDTHS, parts.bits}))


def granularities(parts: Parts) -> tuple[str, ...]:
    """The granularities to choose from; the current one is always among them."""
    form = _format(parts.format, parts.bits)
    if isinstance(form, MxFormat | NvFp4Format):
        return (granularity_label(PerGroup(form.block)),)
    if parts.granularity in GRANULARITIES:
        return GRANULARITIES
    return (*GRANULARITIES, parts.granularity)


CLIPS = ("clip 0.85", "clip 0.7")


def ranges(parts: Parts) -> tuple[str, ...]:
    """The range methods this format takes, and a clip level that is set."""
    form = _format(parts.format, parts.bits)
    if isinstance(form, MxFormat | NvFp4Format):
        return ("minmax",)
    if isinstance(form, CodebookFormat) and form.name != "nf4":
        return ("mean",)
    left_out = {"mean", "msegain"} if isinstance(form, FixedPointFormat) else {"mean"}
    known = (method for method in WEIGHT_RANGES if method not in left_out)
    own = (parts.range,) if parts.range.startswith("clip") else ()
    return tuple(dict.fromkeys((*known, *CLIPS, *own)))


def corrections(parts: Parts) -> tuple[str, ...]:
    """The corrections that go with the format and the range."""
    form = _format(parts.format, parts.bits)
    scaled = isinstance(form, FixedPointFormat | MxFormat | NvFp4Format)
    return (BIAS,) if scaled or parts.range == "msegain" else (GAIN, BIAS)


def fitted(parts: Parts) -> Parts:
    """The nearest choices that go together: what the format prescribes wins."""
    form = _format(parts.format, parts.bits)
    parts = replace(parts, bits=form.bits)
    grains = granularities(parts)
    parts = replace(
        parts, granularity=parts.granularity if parts.granularity in grains else grains[0]
    )
    known = ranges(parts)
    parts = replace(parts, range=parts.range if parts.range in known else known[0])
    kept = tuple(name for name in corrections(parts) if name in parts.corrections)
    return replace(parts, corrections=kept)


def spec_of(parts: Parts) -> QuantSpec:
    """The spec of these choices, once they go together."""
    parts = fitted(parts)
    words, clip = parts.range.split(), 1.0
    if words[0] == "clip":
        words, clip = ["minmax"], float(words[1])
    method: RangeMethod = next(known for known in WEIGHT_RANGES if known == words[0])
    label = f"int8 asym {parts.granularity} minmax"
    return QuantSpec(
        _format(parts.format, parts.bits),
        QuantSpec.parse(label).granularity,
        method,
        next(known for known in ROUNDINGS if known == parts.rounding),
        clip,
        GAIN in parts.corrections,
        BIAS in parts.corrections,
    )


INPUT_RANGES: tuple[RangeMethod, ...] = ("mse", "minmax", "percentile", "moving", "entropy")
"""Ranges of inputs that calibration finds; a dynamic one has no grid to be drawn."""


def input_spec_of(parts: Parts) -> QuantSpec:
    """The spec of inputs with this format, width and range."""
    method = (known for known in INPUT_RANGES if known == parts.range)
    return QuantSpec(_format(parts.format, parts.bits), PerTensor(), next(method, INPUT_RANGES[0]))


def input_spec(spec: QuantSpec) -> QuantSpec | None:
    """How the layer's input would be quantised beside such weights: same format, one scale.

    None where the format needs blocks, which inputs do not come in.
    """
    for method in (spec.range_method, "mse", "minmax"):
        try:
            made = QuantSpec(spec.format, PerTensor(), method)
        except OptionError:
            continue
        if method in ("minmax", "percentile", "mse"):
            return made
    return None


def _serves_inputs(name: str) -> bool:
    """Whether inputs come in this format."""
    form = _format(name, 8)
    table = isinstance(form, CodebookFormat) and form.name != "nf4"
    return not table and not isinstance(form, MxFormat | NvFp4Format)


INPUT_FORMATS: tuple[str, ...] = tuple(name for name in FORMATS if _serves_inputs(name))
