"""What a proxy says of each weight, as a value; torch-free."""

from dataclasses import dataclass

from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.catalogue import PROXIES


@dataclass(frozen=True, slots=True)
class ProxyResult:
    """One proxy for every weight cell of a sweep.

    Attributes:
        name: key in `PROXIES`.
        values: a figure a cell; empty where the proxy could not be computed.
        seconds: CPU time of the pass that gave it; proxies of one pass share it.
        samples: sweep samples it looked at; 0 for one that looks at the weights alone.
        note: what the reader should know, such as why it was left out; "" for nothing.
    """

    name: str
    values: tuple[tuple[Cell, float], ...]
    seconds: float
    samples: int = 0
    note: str = ""

    def __post_init__(self) -> None:
        if self.name not in PROXIES:
            raise ValueError(f"a proxy must be one of {', '.join(PROXIES)}, not {self.name!r:.40}")


@dataclass(frozen=True, slots=True)
class ProxyResults:
    """What is known of one sweep, in the order it was computed."""

    found: tuple[ProxyResult, ...]
