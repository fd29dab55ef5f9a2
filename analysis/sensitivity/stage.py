"""A stage of a sweep: units of work that each add rows to the cells."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from analysis.sensitivity.points import Cell, CellSamples, Stage

CellsByLayer = Mapping[str, Sequence[Cell]]
"""Layer name to the cells that are still to be measured on a unit."""


class SweepStage(Protocol):
    """One way to fill the cells, cut into units that can be done in any order, by anyone."""

    @property
    def name(self) -> Stage:
        """Which stage this is."""

    @property
    def samples(self) -> int:
        """Sweep samples behind the finished stage."""

    @property
    def starts(self) -> Sequence[int]:
        """Numbers of the units."""

    @property
    def planned(self) -> float:
        """Expected work of the whole stage, in forwards of the whole sweep set."""

    @property
    def forwards(self) -> float:
        """Work done so far, in forwards of the whole sweep set."""

    def measure(self, start: int, cells: CellsByLayer) -> Iterator[CellSamples]:
        """The given cells on one unit; the model is untouched whenever this yields."""
