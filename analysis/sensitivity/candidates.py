"""Which quantisers are tried for a weight."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.quant.spec import WEIGHT_SPEC, IntFormat, QuantSpec, RangeMethod

Specs = Mapping[str, Mapping[int, QuantSpec]]
"""Layer name to width to the spec of its weight."""

CLIP_LEVELS = (1.0, 0.85, 0.7, 0.55)
RANGES: tuple[RangeMethod, ...] = ("mse", "msegain")


def check_base(base: QuantSpec) -> None:
    """Refuse a base that leaves nothing to choose.

    Raises:
        OptionError: it is no plain integer spec with a min-max range.
    """
    plain = QuantSpec(base.format, base.granularity, "minmax")
    if base != plain or not isinstance(base.format, IntFormat):
        raise OptionError(
            "The best quantiser is chosen among those of an integer format whose range, rounding "
            f"and corrections are left open (… minmax); not {base.label!r}."
        )


def candidate_specs(bits: int, base: QuantSpec = WEIGHT_SPEC) -> tuple[QuantSpec, ...]:
    """Clip levels and range methods, rounded to nearest and by GPTQ; the first is min-max itself.

    Each stands there twice, the second time with its bias corrected.

    Raises:
        OptionError: the base is no plain integer spec with a min-max range.
    """
    check_base(base)
    start = base.with_bits(bits)
    ranges = [replace(start, clip=level) for level in CLIP_LEVELS]
    ranges += [replace(start, range_method=method) for method in RANGES]
    rounded = [replace(spec, rounding="gptq") for spec in ranges]
    gained = replace(start, range_method="mse", rounding="gptq", gain_correction=True)
    uncorrected = (*ranges, *rounded, gained)
    return (*uncorrected, *(replace(spec, bias_correction=True) for spec in uncorrected))


def allowed_candidates(
    layers: Sequence[Layer], unseen: frozenset[str], bits: int, base: QuantSpec
) -> tuple[QuantSpec, ...]:
    """The candidates that make sense for layers that share a spec.

    A bias is corrected only where one is stored anyway, so that none takes more bytes than min-max.
    Where inputs cannot be seen GPTQ and bias correction would change nothing and are left out.

    Args:
        layers: of one decision group.
        unseen: names of layers whose inputs cannot be seen.
        bits: width.
        base: format and granularity.
    """
    blind = any(layer.name in unseen for layer in layers)
    biased = all(layer.bias is not None for layer in layers)
    return tuple(
        spec
        for spec in candidate_specs(bits, base)
        if not (blind and spec.needs_inputs) and (biased or not spec.bias_correction)
    )
