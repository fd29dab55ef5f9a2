"""Data as three parts of batches that can be read again and again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from analysis.workloads.data.split import Places, SplitPlaces
from analysis.workloads.data.words import SampleWords
from analysis.workloads.workload import Batch


class Source(Protocol):
    """Samples that can be read by their places; large ones are read when they are asked for."""

    @property
    def what(self) -> str:
        """What the samples are, for the description: ``images of 224 × 224 pixels``."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; () where there are none."""

    @property
    def labelled(self) -> bool:
        """Whether every sample has a target."""

    @property
    def words(self) -> SampleWords:
        """How a sample is told to people."""

    def digests(self) -> Sequence[bytes]:
        """One digest for each sample's input; equal ones are exact duplicates."""

    def batch(self, places: Places) -> Batch:
        """The samples at these places."""


@dataclass(frozen=True, slots=True, eq=False)
class SourceBatches:
    """Batches of some samples of a source, made anew in each iteration."""

    source: Source
    places: Places
    size: int

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self.places), self.size):
            yield self.source.batch(self.places[start : start + self.size])

    def __len__(self) -> int:
        return -(-len(self.places) // self.size)


@dataclass(frozen=True, slots=True)
class PartCounts:
    """Samples of each part."""

    calibration: int
    sweep: int
    evaluation: int


@dataclass(frozen=True, slots=True, eq=False)
class DataParts:
    """A user's data, ready for a `Workload`.

    Attributes:
        calibration, sweep, evaluation: batches of disjoint samples, iterable several times.
        classes: names of the classes.
        labelled: whether there are targets; without them a workload has no task metric.
        counts: samples of each part.
        description: what the samples are and how they were cut, with counts and seed.
        words: how a sample is told to people.
    """

    calibration: Iterable[Batch]
    sweep: Iterable[Batch]
    evaluation: Iterable[Batch]
    classes: tuple[str, ...]
    labelled: bool
    counts: PartCounts
    description: str
    words: SampleWords = field(default_factory=SampleWords)


def cut_source(source: Source, places: SplitPlaces, *, seed: int, batch_size: int) -> DataParts:
    """The parts of a source, with their description."""
    counts = PartCounts(len(places.calibration), len(places.sweep), len(places.evaluation))
    parts = (places.calibration, places.sweep, places.evaluation)
    calibration, sweep, evaluation = (SourceBatches(source, part, batch_size) for part in parts)
    return DataParts(
        calibration,
        sweep,
        evaluation,
        source.classes,
        source.labelled,
        counts,
        described(source.what, counts, _drawn(places, seed), labelled=source.labelled),
        source.words,
    )


def _drawn(places: SplitPlaces, seed: int) -> str:
    words = f"drawn with seed {seed}"
    if places.duplicates:
        words += f", {places.duplicates:,} exact duplicates kept in the part of their twin"
    if places.left_out:
        words += f", {places.left_out:,} left out"
    return words


def described(what: str, counts: PartCounts, drawn: str, *, labelled: bool) -> str:
    """What the data are and how they were cut, in one or two sentences."""
    total = counts.calibration + counts.sweep + counts.evaluation
    cut = (
        f"{total:,} {what}: {counts.calibration:,} for calibration, {counts.sweep:,} for the "
        f"sweep, {counts.evaluation:,} for the evaluation, {drawn}."
    )
    return cut if labelled else f"{cut} There are no labels, so no task metric can be measured."
