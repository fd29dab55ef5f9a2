"""What goes together in a spec, and which specs serve weights or activations; torch-free."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analysis.errors import OptionError
from analysis.quant.formats import CodebookFormat, FixedPointFormat, MxFormat, NvFp4Format
from analysis.quant.granularity import PerGroup, PerTensor
from analysis.quant.terms import ACTIVATION_RANGES, WEIGHT_RANGES

if TYPE_CHECKING:
    from analysis.quant.spec import QuantSpec


def objections(spec: "QuantSpec") -> Iterator[str]:
    """What does not go together, as the first half of a sentence."""
    if not (0 < spec.clip <= 1 and round(spec.clip, 2) == spec.clip):
        yield "A clip level is a share in hundredths from 0.01 to 1"
    if spec.clip != 1 and spec.range_method != "minmax":
        yield "A clip level is a share of the min-max range and goes with no other"
    if spec.gain_correction and spec.range_method == "msegain":
        yield "The range method 'msegain' corrects the gain itself"
    if spec.range_method not in WEIGHT_RANGES and _weights_alone(spec):
        yield f"{spec.range_method!r} is a range of activations, and what follows it is for weights"
    table = isinstance(spec.format, CodebookFormat) and spec.format.name != "nf4"
    if table != (spec.range_method == "mean"):
        yield "Ternary and binary codes, and no others, take their scale from the mean magnitude"
    yield from _block_objections(spec)


def _weights_alone(spec: "QuantSpec") -> bool:
    return (
        spec.clip != 1 or spec.rounding != "nearest" or spec.gain_correction or spec.bias_correction
    )


def _block_objections(spec: "QuantSpec") -> Iterator[str]:
    """A scale that its format prescribes leaves nothing to choose or to correct."""
    form = spec.format
    rescaled = spec.gain_correction or spec.range_method == "msegain"
    if rescaled and isinstance(form, FixedPointFormat | MxFormat | NvFp4Format):
        yield f"The scales of {form.label} cannot take any value, and a gain needs that"
    if isinstance(form, MxFormat | NvFp4Format):
        if spec.granularity != PerGroup(form.block):
            yield f"A block of {form.label} has {form.block} weights (per-group-{form.block})"
        if spec.range_method != "minmax" or spec.clip != 1:
            yield f"The definition of {form.label} says how its scales follow from the extremes"


def check_weight_spec(spec: "QuantSpec") -> None:
    """Refuse a spec that weights cannot take.

    Raises:
        OptionError: its range method is one for activations.
    """
    if spec.range_method not in WEIGHT_RANGES:
        raise OptionError(
            f"Weights take their range from themselves ({', '.join(WEIGHT_RANGES)}), "
            f"so {spec.label!r} cannot be used."
        )


def check_activation_spec(spec: "QuantSpec") -> None:
    """Refuse a spec that activations cannot take.

    Raises:
        OptionError: it is neither per-tensor nor of a block format, or has words that only weights
            know.
    """
    blocks = isinstance(spec.format, MxFormat | NvFp4Format)
    if not blocks and not isinstance(spec.granularity, PerTensor):
        raise OptionError(
            "Activations take one scale for the whole tensor (per-tensor), because the scale "
            f"must leave the sum of products, or the blocks of MX and NVFP4; not {spec.label!r}."
        )
    if spec.range_method not in ACTIVATION_RANGES or _weights_alone(spec):
        raise OptionError(
            f"Activations take one of the ranges {', '.join(ACTIVATION_RANGES)} and are rounded "
            f"to nearest, so {spec.label!r} cannot be used."
        )
