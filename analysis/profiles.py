"""What a look at a workload finds, as values: histograms, ranges, coverage."""

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.layers import Layer, Skipped
from analysis.quant.stats import Histogram, SpecEffect, TensorStats
from analysis.sensitivity.points import Direction, Divergence, Target


@dataclass(frozen=True, slots=True)
class RowLookups:
    """How the calibration set reads an embedding table.

    Attributes:
        rows: of the table.
        read: rows that were read at least once.
        lookups: rows read in all.
        hottest: share of the lookups that read the most-read tenth of the rows.
    """

    rows: int
    read: int
    lookups: int
    hottest: float


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """One layer, looked at.

    Attributes:
        weight: histogram of the weights.
        activation: histogram of the module's input over the calibration set; None when not seen.
        channel_min, channel_max: extremes of each output channel, at most 512 (strided beyond).
        effects: what the menu of specs does to the weight.
        activation_effects: what the menu of specs does to the input.
        lookups: how its rows are read; None where it is no embedding table.
    """

    layer: Layer
    weight: Histogram
    weight_stats: TensorStats
    activation: Histogram | None
    activation_stats: TensorStats | None
    channel_min: tuple[float, ...]
    channel_max: tuple[float, ...]
    effects: tuple[SpecEffect, ...]
    activation_effects: tuple[SpecEffect, ...] = ()
    lookups: RowLookups | None = None

    def histogram_of(self, target: Target) -> Histogram | None:
        """That of the weight, or of the input; None for an input that was not seen."""
        return self.weight if target == "weight" else self.activation

    def stats_of(self, target: Target) -> TensorStats | None:
        """Likewise the moments and extremes."""
        return self.weight_stats if target == "weight" else self.activation_stats

    def effects_of(self, target: Target) -> tuple[SpecEffect, ...]:
        """Likewise what the menu of specs does to it."""
        return self.effects if target == "weight" else self.activation_effects


@dataclass(frozen=True, slots=True)
class SampleCounts:
    """Sizes of the three disjoint parts of the data."""

    calibration: int
    sweep: int
    evaluation: int


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """What tells the memory of a sweep beforehand.

    Attributes:
        held_bytes: resident bytes of a process with torch, the model and its data.
        activation_bytes: what one sample leaves behind where every module's output is kept.
        output_values: size of one sample's output.
    """

    held_bytes: int
    activation_bytes: int
    output_values: int


@dataclass(frozen=True, slots=True)
class Inspection:
    """A workload, looked at: everything the app shows before a sweep.

    Attributes:
        reference: float metrics on the evaluation set.
        skipped: parameters that stay in float, and why.
        other_bytes: bytes of everything that is not a quantisable weight.
        memory: what a sweep's memory follows from; None in looks of earlier versions.
        edges: names of layers, the second reading what the first made; None in earlier looks.
    """

    workload: str
    fingerprint: str
    description: str
    profiles: tuple[LayerProfile, ...]
    skipped: tuple[Skipped, ...]
    samples: SampleCounts
    reference: Mapping[str, float]
    metric: str | None
    direction: Direction
    divergence: Divergence
    parameters: int
    other_bytes: int
    memory: MemoryFigures | None = None
    edges: tuple[tuple[str, str], ...] | None = None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, in call order."""
        return tuple(profile.layer for profile in self.profiles)
