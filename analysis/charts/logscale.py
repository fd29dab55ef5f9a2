"""A logarithmic scale on which an exact zero has a place of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, isnan, log10, nan

from analysis.charts.numerals import tick

_ROOM = 0.5
"""Decades between the smallest positive value and the place of zero."""


@dataclass(frozen=True, slots=True)
class LogScale:
    """Where values lie, in decades.

    Attributes:
        low, high: decades of the smallest and largest positive value, `high > low`.
        zero: place of an exact zero, below `low`; None when no value is zero.
    """

    low: float
    high: float
    zero: float | None = None

    @property
    def bottom(self) -> float:
        """Lowest place on the scale."""
        return self.low if self.zero is None else self.zero

    def place(self, value: float) -> float:
        """Decade of a value; infinity lies at the top, zero at its own place, NaN nowhere."""
        if isnan(value):
            return nan
        if value == inf:
            return self.high
        return self.bottom if value <= 0 else log10(value)

    def share(self, value: float) -> float:
        """Place of a value between bottom (0) and top (1)."""
        return (self.place(value) - self.bottom) / (self.high - self.bottom)

    def shown(self, value: float) -> float:
        """The value itself, or for a zero the small number that stands at its place."""
        return float(10.0 ** self.place(value))

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Places and texts of the labels: decades, or 1-2-5 steps where decades are too few."""
        decades = range(floor(self.low), ceil(self.high) + 1)
        step = max(1, ceil(len(decades) / 7))
        values = [10.0**d for d in decades if d % step == 0 and self._within(d)]
        if len(values) < 3:
            values = [m * 10.0**d for d in decades for m in (1, 2, 5)]
            values = [value for value in values if self._within(log10(value))]
        zero = [(self.zero, "0")] if self.zero is not None else []
        return (*zero, *((log10(value), tick(value)) for value in values))

    @property
    def shared_ticks(self) -> tuple[tuple[float, str], ...]:
        """The same, placed between bottom (0) and top (1)."""
        span = self.high - self.bottom
        return tuple(((place - self.bottom) / span, text) for place, text in self.ticks)

    def _within(self, place: float) -> bool:
        return self.low - 1e-9 <= place <= self.high + 1e-9


def log_scale(values: Iterable[float]) -> LogScale:
    """The scale that holds these values; NaN and infinity do not stretch it."""
    known = [value for value in values if isfinite(value)]
    positive = [value for value in known if value > 0]
    low, high = (log10(min(positive)), log10(max(positive))) if positive else (-1.0, 0.0)
    if high - low < 0.1:
        low, high = low - 0.25, high + 0.25
    has_zero = any(value <= 0 for value in known)
    return LogScale(low, high, low - _ROOM if has_zero else None)
