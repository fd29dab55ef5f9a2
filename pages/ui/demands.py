"""What a recipe must respect besides its size, as a value with a text form for links."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Literal

from analysis.allocation.budget import Budget
from analysis.allocation.constraints import EVERY, ChangeCost, Constraints, Forbidden
from analysis.errors import OptionError
from analysis.quant.spec import MAX_BITS, MIN_BITS

Limit = Literal["size", "bits", "drop", "bops", "activations", "time", "energy"]
"""Names of the limits on sums, as links and controls have them; "size" is that of the step."""

FIELDS: dict[Limit, str] = {
    "size": "weight_bytes",
    "bits": "average_bits",
    "drop": "max_drop",
    "bops": "bops",
    "activations": "peak_activation_bytes",
    "time": "latency_ms",
    "energy": "energy_uj",
}
"""Limit to the field of `Budget`."""

TEXT_LENGTH = 400
MOST_WIDTHS = MAX_BITS - MIN_BITS + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """Any subset of what may be demanded; by default nothing but the size of the step.

    Attributes:
        main: the limit that the slider stands for; another one takes its place, the rest stay.
        sized: whether the size of the step is a limit, or just what came out.
        average_bits, max_drop, bops, peak_activation_bytes, latency_ms, energy_uj: as in `Budget`.
        max_widths: most different widths of weights.
        forbidden: widths that no layer's weights may take, ascending.
        change_bytes, change_ms: what each change of widths from layer to layer costs.
    """

    main: Limit = "size"
    sized: bool = True
    average_bits: float | None = None
    max_drop: float | None = None
    bops: int | None = None
    peak_activation_bytes: int | None = None
    latency_ms: float | None = None
    energy_uj: float | None = None
    max_widths: int | None = None
    forbidden: tuple[int, ...] = ()
    change_bytes: int = 0
    change_ms: float = 0.0

    def limit(self, name: Limit) -> float | None:
        """The limit of that name; None where there is none, and for the size."""
        return None if name == "size" else getattr(self, FIELDS[name])

    @property
    def limits(self) -> tuple[Limit, ...]:
        """Names of the limits besides the size."""
        return tuple(name for name in FIELDS if self.limit(name) is not None)

    def limited(self, name: Limit, value: float | None) -> "Demands":
        """With another limit of that name; for the size, whether there is one."""
        if name == "size":
            return replace(self, sized=value is not None)
        whole = name in ("bops", "activations") and value is not None
        given: dict[str, Any] = {FIELDS[name]: int(value or 0) if whole else value}
        return replace(self, **given)

    def led_by(self, name: Limit, value: float) -> "Demands":
        """With this as the main limit; the one that was is lifted."""
        rest = self if name == self.main else self.limited(self.main, None)
        return replace(rest.limited(name, value), main=name)

    def budget(self, weight_bytes: int) -> Budget:
        """All limits.

        Raises:
            OptionError: there is none, or one is out of its range.
        """
        given = {FIELDS[name]: self.limit(name) for name in FIELDS if name != "size"}
        return Budget(weight_bytes=weight_bytes if self.sized else None, **given)  # type: ignore[arg-type]

    @property
    def constraints(self) -> Constraints:
        """What is demanded besides the limits.

        Raises:
            OptionError: a number is out of its range.
        """
        cost = None
        if self.change_bytes or self.change_ms:
            cost = ChangeCost(weight_bytes=self.change_bytes, latency_ms=self.change_ms)
        return Constraints(
            forbidden=(Forbidden(EVERY, self.forbidden),) if self.forbidden else (),
            max_widths=self.max_widths,
            precision_change_cost=cost,
        )

    @property
    def widths_alone(self) -> Constraints:
        """The forbidden widths, which are all that a frontier can respect."""
        return Constraints(forbidden=self.constraints.forbidden)

    @property
    def text(self) -> str:
        """What differs from nothing, such as ``bits:4,widths:2,without:2-3``; may be empty."""
        usual = Demands()
        return ",".join(
            f"{short}:{_written(getattr(self, name))}"
            for short, name in _NAMES.items()
            if getattr(self, name) != getattr(usual, name)
        )


NOTHING = Demands()


def parse_demands(text: str) -> Demands:
    """Read what `Demands.text` wrote; a link may hold anything.

    Raises:
        OptionError: a part that is none, or a value out of its range.
    """
    found: dict[str, object] = {}
    for part in text[:TEXT_LENGTH].split(",") if text else ():
        name, _, value = part.partition(":")
        if name not in _NAMES or len(text) > TEXT_LENGTH:
            raise OptionError(
                f"The limits in a link are parts such as bits:4 or widths:2 with one of the names "
                f"{', '.join(_NAMES)}, not {part!r:.40}; choose them on the page."
            )
        field = _NAMES[name]
        try:
            found[field] = _READERS.get(field, _positive)(value)
        except ValueError:
            raise OptionError(
                f"The limit {name} in the link cannot be {value!r:.40}; choose it on the page."
            ) from None
    return Demands(**found)  # type: ignore[arg-type]


def _positive(text: str) -> float:
    value = float(text)
    if not (isfinite(value) and value >= 0):
        raise ValueError
    return value


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError
    return int(text)


def _some(text: str) -> int:
    value = _whole(text)
    if not 1 <= value <= MOST_WIDTHS:
        raise ValueError
    return value


def _widths(text: str) -> tuple[int, ...]:
    found = tuple(sorted({_whole(part) for part in text.split("-")}))
    if not all(MIN_BITS <= width <= MAX_BITS for width in found):
        raise ValueError
    return found


def _limit(text: str) -> Limit:
    for name in FIELDS:
        if name == text:
            return name
    raise ValueError


def _no(text: str) -> bool:
    if text != "no":
        raise ValueError
    return False


def _written(value: object) -> str:
    match value:
        case False:
            return "no"
        case tuple():
            return "-".join(map(str, value))
        case float():
            return f"{value:.12g}"
    return str(value)


_NAMES: dict[str, str] = {
    "main": "main",
    "size": "sized",
    "bits": "average_bits",
    "drop": "max_drop",
    "bops": "bops",
    "activations": "peak_activation_bytes",
    "time": "latency_ms",
    "energy": "energy_uj",
    "widths": "max_widths",
    "without": "forbidden",
    "change-bytes": "change_bytes",
    "change-ms": "change_ms",
}
"""Name of a part to the field it stands for."""

_READERS: dict[str, Callable[[str], object]] = {
    "main": _limit,
    "sized": _no,
    "bops": _whole,
    "peak_activation_bytes": _whole,
    "max_widths": _some,
    "forbidden": _widths,
    "change_bytes": _whole,
}
