"""Words and numbers of the pages; how a number looks is said in `analysis.charts.numerals`."""

from datetime import datetime
from math import inf, isfinite

from analysis import metric_names
from analysis.charts.numerals import MINUS, SPACE, sentence_case, signed, trimmed
from analysis.charts.numerals import bytes_text as bytes_text
from analysis.charts.numerals import metric_text as metric_text
from analysis.charts.numerals import points_text as points_text
from analysis.metric_names import SHARES

SHARE_METRICS = SHARES
"""Metrics that are shares: shown in percent, their losses in percentage points."""


def count_text(count: int) -> str:
    """A count: ``812``, ``78.4 k``, ``25.6 M``."""
    for limit, divisor, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(count) >= limit:
            return f"{count / divisor:.1f}{SPACE}{unit}"
    return f"{count:,}"


def percent(share: float, digits: int = 1) -> str:
    """A share: 0.918 is ``91.8 %``."""
    return f"{fixed_text(100 * share, digits)}{SPACE}%" if isfinite(share) else number_text(share)


def signed_percent(share: float, digits: int = 0) -> str:
    """A change: -0.87 is ``−87 %``."""
    return f"{signed(100 * share, digits)}{SPACE}%"


def number_text(value: float, digits: int = 3) -> str:
    """A plain number with up to so many significant digits; infinity and NaN as such."""
    return trimmed(value, digits)


def fixed_text(value: float, digits: int) -> str:
    """A number with so many decimals and a real minus sign."""
    return f"{value:.{digits}f}".replace("-", MINUS) if isfinite(value) else number_text(value)


def decibel_text(sqnr_db: float) -> str:
    """A signal-to-noise ratio: ``25.3 dB``; infinite is ``exact``."""
    return "exact" if sqnr_db == inf else f"{fixed_text(sqnr_db, 1)}{SPACE}dB"


def metric_title(name: str) -> str:
    """The name of a metric on screen: ``top1`` is ``Top-1``."""
    return sentence_case(metric_names.metric_title(name))


def drop_text(name: str | None, drop: float) -> str:
    """A loss (positive is worse) as the change people see: a drop of 0.003 is ``−0.30 pp``.

    A metric that is no share shows the loss itself, with its sign: a loss is a ``+``.
    """
    if name is None or name in SHARE_METRICS:
        return points_text(-drop)
    return ("+" if drop > 0 else "") + number_text(drop, 3)


def interval_text(low: float, high: float, name: str | None = None) -> str:
    """A 95 % interval of a loss: ``95 % interval −0.80 to +0.20 pp``."""
    if name is None or name in SHARE_METRICS:
        left, right = signed(-100 * high, 2), signed(-100 * low, 2)
        return f"95{SPACE}% interval {left} to {right}{SPACE}pp"
    return f"95{SPACE}% interval {number_text(low)} to {number_text(high)}"


def spread_text(low: float, high: float, name: str | None = None) -> str:
    """Half the width of a 95 % interval of a loss: ``±0.50``, in points for a share."""
    half = (high - low) / 2
    return f"±{100 * half:.2f}" if name is None or name in SHARE_METRICS else f"±{half:.2g}"


def samples_text(samples: int, part: str) -> str:
    """On how many samples of which part: ``1,000 evaluation samples``."""
    return f"{samples:,} {part} sample{'' if samples == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time span: ``0.4 s``, ``48 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 10:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < 3600:
        return f"{whole // 60}{SPACE}min {whole % 60}{SPACE}s"
    return f"{whole // 3600}{SPACE}h {whole % 3600 // 60}{SPACE}min"


def when(timestamp: float) -> str:
    """A moment in local time: ``1 Nov 2026, 09:30``."""
    moment = datetime.fromtimestamp(timestamp).astimezone()
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def shape_text(shape: tuple[int, ...] | None) -> str:
    """A shape: ``16 × 3 × 3``; a dash when unknown, ``scalar`` without axes."""
    if shape is None:
        return "–"
    return " × ".join(str(size) for size in shape) or "scalar"


def plain(text: str) -> str:
    """Text from outside, made harmless for streamlit's Markdown."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]()#+-.!|~$<>:" else char for char in text)
