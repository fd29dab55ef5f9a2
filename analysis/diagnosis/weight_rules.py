"""Rules on weights: each says one sentence with its numbers where they speak."""

from collections.abc import Callable, Iterator, Sequence
from math import inf, log2
from statistics import median, quantiles

from analysis.diagnosis.case import Case, Finding
from analysis.quant.spec import FixedPointFormat, IntFormat, PerChannel, PerTensor, QuantSpec

WIDE_CHANNEL = 3.0
"""A channel stands out when its span is so many times the median channel's: with one scale for
all channels a threefold span costs the others 1.6 bits."""

UNEVEN = 4.0
"""Ratio of the 90th to the 10th percentile of the channels' spans, likewise two bits."""

UNUSED = 0.25
"""Share of the codes that may stand for values which never occur."""

FAR, COARSE = 5.0, 0.4
"""Standard deviations that make a weight large, and a step that then is coarse."""

TAIL, VERY_COARSE = 3.0, 1.0
"""Likewise where so few bits are left that even common tails are not worth a code."""

LOW_SQNR_DB = 20.0
"""Errors of a tenth of the signal's norm."""

COSTLY = 3.0
"""Times the median layer's divergence at the same width."""


def _outlier_channels(case: Case) -> Iterator[Finding]:
    spans, middle = case.spans, _middle(case.spans)
    if not isinstance(case.spec.granularity, PerTensor) or not middle:
        return
    wide = sum(span > WIDE_CHANNEL * middle for span in spans)
    times = max(spans) / middle
    if not wide:
        return
    yield from case.finding(
        "Outlier channels",
        f"{wide} of {len(spans)} output channels span more than {WIDE_CHANNEL:g} times the median, "
        f"the widest {times:.1f} times, so one scale for all leaves the median channel "
        f"{log2(times):.1f} bits fewer.",
        case.changed(granularity=PerChannel()),
    )


def _unbalanced(case: Case) -> Iterator[Finding]:
    spans = [span for span in case.spans if span > 0]
    if not isinstance(case.spec.granularity, PerTensor) or len(spans) < 10:
        return
    tenths = quantiles(spans, n=10)
    ratio = tenths[-1] / tenths[0]
    if ratio < UNEVEN or case.following is None:
        return
    yield from case.finding(
        "Unbalanced layers",
        f"The spans of this layer's output channels differ {ratio:.1f}-fold (10th to 90th "
        f"percentile) with {case.following} after it, and one scale serves only the widest; a "
        "scale for each channel balances them.",
        case.changed(granularity=PerChannel()),
    )


def _skewed(case: Case) -> Iterator[Finding]:
    form = case.spec.format
    if not isinstance(form, IntFormat) or not form.symmetric:
        return
    shares = list(_unused(case))
    if not shares or (unused := sum(shares) / len(shares)) < UNUSED:
        return
    stats = case.profile.weight_stats
    largest = max(-stats.minimum, stats.maximum)
    where = "" if isinstance(case.spec.granularity, PerTensor) else " on average over the channels"
    yield from case.finding(
        "One-sided range",
        f"The weights run from {stats.minimum:.3g} to {stats.maximum:.3g} and symmetric codes from "
        f"{-largest:.3g} to {largest:.3g}: {unused:.0%} of the codes stand for values that do not "
        f"occur{where}.",
        case.changed(format=IntFormat(form.bits)),
    )


def _unused(case: Case) -> Iterator[float]:
    """Share of symmetric codes that each scale wastes."""
    profile = case.profile
    ends = list(zip(profile.channel_min, profile.channel_max, strict=True))
    if isinstance(case.spec.granularity, PerTensor):
        ends = [(profile.weight_stats.minimum, profile.weight_stats.maximum)]
    for low, high in ends:
        largest = max(-low, high)
        if largest > 0:
            yield 1 - (max(high, 0.0) - min(low, 0.0)) / (2 * largest)


def _dead_range(case: Case) -> Iterator[Finding]:
    """Codes reach where no weight is: a power-of-two scale, or weights far from zero."""
    stats, effect = case.profile.weight_stats, case.effect
    if isinstance(case.spec.format, FixedPointFormat) and effect is not None:
        reach = max(-effect.grid[0], effect.grid[-1])
        largest = max(-stats.minimum, stats.maximum)
        if reach and 1 - largest / reach >= UNUSED:
            yield from case.finding(
                "Dead range",
                f"A power-of-two scale lets the codes reach {reach:.3g} where the weights end at "
                f"{largest:.3g}, so {1 - largest / reach:.0%} of them stay unused.",
                case.changed(format=IntFormat(case.spec.bits)),
            )
        return
    near, far = sorted((abs(stats.minimum), abs(stats.maximum)))
    if stats.minimum * stats.maximum > 0 and near / far >= UNUSED and near < far:
        yield from case.finding(
            "Dead range",
            f"All weights lie between {stats.minimum:.3g} and {stats.maximum:.3g}, and codes must "
            f"include zero: {near / far:.0%} of them stand for values that do not occur.",
            _wider(case.spec),
        )


def _large_weights(case: Case) -> Iterator[Finding]:
    stats, spec = case.profile.weight_stats, case.spec
    if spec.range_method != "minmax" or spec.clip != 1 or not stats.std:
        return
    reach = max(stats.mean - stats.minimum, stats.maximum - stats.mean) / stats.std
    symmetric = isinstance(spec.format, IntFormat) and spec.format.symmetric
    codes = 2**spec.bits - symmetric
    step = (stats.maximum - stats.minimum) / stats.std / (codes - 1)
    if not (reach >= FAR and step >= COARSE) and not (reach >= TAIL and step >= VERY_COARSE):
        return
    yield from case.finding(
        "Few large weights",
        f"The largest weight lies {reach:.1f} standard deviations from the mean and "
        f"{stats.outliers:.2%} of all lie beyond 4, so min-max spends {codes} codes on a "
        f"range that few weights use, in steps of {step:.2f} standard deviations.",
        case.changed(range_method="msegain", gain_correction=False)
        or case.changed(range_method="mse"),
    )


def _coarse_rounding(case: Case) -> Iterator[Finding]:
    effect, spec, layer = case.effect, case.spec, case.profile.layer
    if effect is None or effect.sqnr_db >= LOW_SQNR_DB or spec.rounding != "nearest":
        return
    if not layer.calls or not layer.has_input or layer.parameters < 8 * layer.channels:
        return
    share = 10 ** (-effect.sqnr_db / 20)
    yield from case.finding(
        "Coarse rounding",
        f"Rounding to nearest leaves {effect.sqnr_db:.1f} dB SQNR, errors of {share:.0%} of the "
        "weights' norm; GPTQ lets later weights of a channel make up for earlier ones, and bias "
        "correction takes out the mean that is left.",
        case.changed(rounding="gptq", bias_correction=True),
    )


def _too_few_bits(case: Case) -> Iterator[Finding]:
    at = {p.layer: p for p in case.points if p.bits == case.spec.bits}
    own = at.get(case.profile.layer.name)
    middle = _middle([point.divergence for point in at.values()])
    if own is None or len(at) < 3 or not middle or own.divergence < COSTLY * middle:
        return
    yield from case.finding(
        "Sensitive layer",
        f"At {own.bits} bits this layer's weights alone cost a divergence of "
        f"{own.divergence:.2g}, {own.divergence / middle:.1f} times the median layer's "
        f"({own.samples:,} sweep samples).",
        _wider(case.spec),
    )


def _wider(spec: QuantSpec) -> QuantSpec | None:
    """One bit more; two beyond six, where five and seven are rare."""
    if not isinstance(spec.format, IntFormat | FixedPointFormat) or spec.bits > 14:
        return None
    return spec.with_bits(spec.bits + (1 if spec.bits < 4 else 2))


def _middle(values: Sequence[float]) -> float:
    known = [value for value in values if value < inf]
    return median(known) if known else 0.0


WEIGHT_RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (
    _outlier_channels,
    _unbalanced,
    _skewed,
    _dead_range,
    _large_weights,
    _too_few_bits,
    _coarse_rounding,
)
