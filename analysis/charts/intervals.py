"""Measured figures with their 95 % intervals, drawn and worded the same everywhere."""

from collections.abc import Sequence

from analysis.charts.logscale import LogScale
from analysis.charts.numerals import SPACE, short


def error_bar(value: float, ends: Sequence[float], shades: LogScale) -> dict[str, object]:
    """A 95 % interval on a logarithmic axis; an end at or below zero reaches the axis."""
    return linear_error_bar(value, [shades.shown(end) for end in ends])


def linear_error_bar(value: float, ends: Sequence[float]) -> dict[str, object]:
    """A 95 % interval round `value`, which may lie anywhere in it."""
    low, high = ends
    return {
        "type": "data",
        "symmetric": False,
        "array": [max(0.0, high - value)],
        "arrayminus": [max(0.0, value - low)],
        "thickness": 1.5,
        "width": 5,
    }


def interval(low: float, high: float, digits: int = 2) -> str:
    """The interval as hover text."""
    return f"95{SPACE}% interval {short(low, digits)} to {short(high, digits)}"


def measured_on(samples: int) -> str:
    """On how many held-out samples."""
    return f"measured on {samples:,} held-out samples"
