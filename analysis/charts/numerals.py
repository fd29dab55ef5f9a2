"""Numbers as figures and the report print them."""

from math import ceil, floor, isfinite, isnan, log10

from analysis.metric_names import SHARES as SHARES
from analysis.metric_names import metric_title as metric_title
from analysis.sensitivity.points import Divergence

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"

DIVERGENCES: dict[Divergence, str] = {
    "kl": "divergence (KL, nats)",
    "mse": "divergence (relative squared error)",
}


def short(value: float, digits: int = 2) -> str:
    """So many significant digits: ``0.010``, ``3.4e−5``, ``1,200``; infinity and NaN as such."""
    if not isfinite(value):
        return "NaN" if isnan(value) else "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    size = int(exponent)
    if size >= 6 or size < -3:
        return f"{mantissa}e{size}".replace("-", MINUS)
    return f"{float(f'{mantissa}e{size}'):,.{max(0, digits - 1 - size)}f}".replace("-", MINUS)


def trimmed(value: float, digits: int = 3) -> str:
    """`short` without idle zeros: ``0.5``, ``12,300``, ``5e−5``."""
    text = short(value, digits)
    mantissa, e, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa + e + exponent


def tick(value: float) -> str:
    """A round number: ``0.01``, ``5e−5``, ``200``."""
    return trimmed(value)


def signed(number: float, digits: int) -> str:
    """So many decimals behind a sign; what rounds to nothing has none."""
    text = f"{abs(number):,.{digits}f}"
    if float(text.replace(",", "")) == 0:
        return text
    return (MINUS if number < 0 else "+") + text


def signed_short(value: float, digits: int = 2) -> str:
    """`short` behind a sign: ``+0.010``, ``−3.4e−5``; zero has none."""
    return short(value, digits) if not value > 0 else f"+{short(value, digits)}"


def nice_ticks(low: float, high: float, most: int = 5) -> tuple[float, ...]:
    """Up to `most` round numbers within the range, evenly spaced."""
    if not high > low:
        return (low,)
    power = 10.0 ** floor(log10((high - low) / most))
    step = next(m * power for m in (1, 2, 2.5, 5, 10, 20) if (high - low) / (m * power) <= most)
    first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
    return tuple(step * index for index in range(first, last + 1))


def range_text(low: float, high: float) -> str:
    """A 95 % interval: ``0.011 to 0.014``."""
    return f"{short(low)} to {short(high)}"


def byte_unit(largest: float) -> tuple[float, str]:
    """Divisor and unit for an axis that reaches to `largest` bytes; kB is 1,000 bytes."""
    if largest >= 1e10:
        return 1e9, "GB"
    return (1e6, "MB") if largest >= 1e7 else (1e3, "kB")


def bytes_text(size: float) -> str:
    """A size: ``812 B``, ``41.0 kB``, ``9.8 MB``."""
    for divisor, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if abs(size) >= divisor:
            return f"{size / divisor:.1f}{SPACE}{unit}"
    return f"{size:.0f}{SPACE}B"


def bits_text(bits: int | None) -> str:
    """A bit-width: ``4 bits``, ``float``."""
    return "float" if bits is None else f"{bits} bits"


def sentence_case(text: str) -> str:
    """The text with a capital at its beginning; the rest keeps its case."""
    return text[:1].upper() + text[1:]


def metric_unit(name: str) -> str:
    """Axis title of a metric, with its unit where it has one."""
    return f"{metric_title(name)} (%)" if name in SHARES else metric_title(name)


def metric_scale(name: str) -> float:
    """What an axis multiplies the metric by: 100 for a share."""
    return 100.0 if name in SHARES else 1.0


def metric_text(name: str, value: float) -> str:
    """A metric's value: ``91.8 %`` for a share, up to four digits otherwise."""
    return f"{100 * value:.1f}{SPACE}%" if name in SHARES and isfinite(value) else trimmed(value, 4)


def drop_text(name: str, drop: float) -> str:
    """A loss (positive is worse) as a change of the metric: ``−0.30 pp``, or the loss itself."""
    return points_text(-drop) if name in SHARES else trimmed(drop)


def points_text(change: float, digits: int = 2) -> str:
    """A change of a share in percentage points: -0.0095 is ``−0.95 pp``."""
    return f"{signed(100 * change, digits)}{SPACE}pp"
