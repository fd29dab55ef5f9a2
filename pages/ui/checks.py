"""What the browser sent, checked again: a widget's limits are only kept by honest browsers."""

from collections.abc import Iterable
from typing import TypeVar

from analysis.errors import OptionError

T = TypeVar("T")


def one_of(what: str, value: object, allowed: Iterable[T]) -> T:
    """The value, if it is one of those offered.

    Raises:
        OptionError: it was never offered.
    """
    for candidate in allowed:
        if type(candidate) is type(value) and candidate == value:
            return candidate
    raise OptionError(f"The {what} must be one of those offered, not {value!r:.60}; choose again.")


def within(what: str, value: float, low: float, high: float) -> float:
    """The number, if it lies in the range that was offered.

    Raises:
        OptionError: it lies outside.
    """
    if not low <= value <= high:
        raise OptionError(f"The {what} must lie between {low:g} and {high:g}, not {value:g}.")
    return value
