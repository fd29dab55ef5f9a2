"""Which quantisers are tried for a weight or for an input."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.quant.spec import (
    WEIGHT_SPEC,
    FixedPointFormat,
    IntFormat,
    QuantSpec,
    RangeMethod,
    check_activation_spec,
    check_weight_spec,
)
from analysis.sensitivity.points import Target

Specs = Mapping[str, Mapping[int, QuantSpec]]
"""Layer name to width to the spec of its weight."""

Chosen = Mapping[tuple[str, Target], tuple[QuantSpec, ...]]
"""Layer name and target to the specs that are swept: of each family one at each width."""

CLIP_LEVELS = (0.85, 0.7, 0.55)
HARD_CLIP_BITS = 4
"""Above this many bits a range cut by a third costs more than its finer steps bring."""

WEIGHT_SEARCHES: tuple[RangeMethod, ...] = ("mse", "msegain")
ACTIVATION_RANGES_TRIED: tuple[RangeMethod, ...] = ("moving", "percentile", "mse", "entropy")


def check_base(base: QuantSpec, target: Target = "weight") -> None:
    """Refuse a base that leaves nothing to choose.

    Raises:
        OptionError: its range, rounding or corrections are settled, or the target cannot take it.
    """
    check_weight_spec(base) if target == "weight" else check_activation_spec(base)
    if base.range_method not in ("minmax", "mean") or base != _plain(base):
        raise OptionError(
            "The best quantiser is chosen among those of a format whose range, rounding and "
            f"corrections are left open (… minmax); not {base.label!r}."
        )


def _plain(spec: QuantSpec) -> QuantSpec:
    return QuantSpec(spec.format, spec.granularity, spec.range_method)


def widths_of(base: QuantSpec, bits: Iterable[int]) -> tuple[int, ...]:
    """The widths at which a family is swept: those asked for, or the only one it has."""
    if isinstance(base.format, IntFormat | FixedPointFormat):
        return tuple(bits)
    return (base.bits,)


def candidate_specs(
    bits: int, base: QuantSpec = WEIGHT_SPEC, target: Target = "weight"
) -> tuple[QuantSpec, ...]:
    """Everything that is tried within a family at one width; min-max comes first.

    Weights: clip levels and range methods, rounded to nearest and by GPTQ, each also with its bias
    corrected. Inputs: the ranges that one calibration pass gives. What a format does not allow is
    left out.

    Raises:
        OptionError: the base settles it already.
    """
    check_base(base, target)
    start = base.with_bits(bits)
    if target == "activation":
        return tuple(_varied([start], *(_ranged(method) for method in ACTIVATION_RANGES_TRIED)))
    clips = CLIP_LEVELS[: None if bits <= HARD_CLIP_BITS else 1]
    ranges = _varied(
        [start],
        *(_clipped(level) for level in clips),
        *(_ranged(method) for method in WEIGHT_SEARCHES),
    )
    rounded = tuple(_varied(tuple(ranges), _by_gptq))
    searched = [x for x in rounded if (x.range_method, x.rounding) == ("mse", "gptq")]
    gained = [spec for spec in _varied(searched, _gain_corrected) if spec.gain_correction]
    return tuple(_varied([*rounded, *gained], _bias_corrected))


Change = Callable[[QuantSpec], QuantSpec]


def _ranged(method: RangeMethod) -> Change:
    return lambda spec: replace(spec, range_method=method)


def _clipped(level: float) -> Change:
    return lambda spec: replace(spec, clip=level)


def _by_gptq(spec: QuantSpec) -> QuantSpec:
    return replace(spec, rounding="gptq")


def _gain_corrected(spec: QuantSpec) -> QuantSpec:
    return replace(spec, gain_correction=True)


def _bias_corrected(spec: QuantSpec) -> QuantSpec:
    return replace(spec, bias_correction=True)


def _varied(specs: Sequence[QuantSpec], *changes: Change) -> Iterator[QuantSpec]:
    """The specs, then each of them changed in each way that its format allows."""
    yield from specs
    for change in changes:
        for spec in specs:
            with suppress(OptionError):
                yield change(spec)


def allowed_candidates(
    layers: Sequence[Layer], unseen: frozenset[str], bits: int, base: QuantSpec
) -> tuple[QuantSpec, ...]:
    """The candidates that make sense for weights that share a spec.

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
