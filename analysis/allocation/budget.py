"""Limits, and the choices that meet them, as values."""

from dataclasses import dataclass, fields

from analysis.cost import Cost
from analysis.errors import OptionError
from analysis.hardware.figures import HardwareCost
from analysis.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Upper limits, any subset of them.

    Attributes:
        weight_bytes: stored bytes of all layers, scales and zero-points included.
        average_bits: the bytes that every layer at this width would take (scales and zero-points
            included on both sides; a fraction interpolates between the two nearest widths).
        bops: MACs * weight bits * activation bits for one sample.
        peak_activation_bytes: the most input and output bytes any one layer holds for one sample;
            both at the width of the layer's input, 32 bits where that stays in float. Shortcuts
            around a block, work memory of kernels and modules without weights are left out.
        latency_ms: time of one sample by the table of a hardware profile.
        energy_uj: energy of one sample likewise.
        max_drop: largest loss of the task metric, in the metric's own unit, turned to its worse
            direction (0.01 is one percentage point of an accuracy).
    """

    weight_bytes: int | None = None
    average_bits: float | None = None
    bops: int | None = None
    max_drop: float | None = None
    peak_activation_bytes: int | None = None
    latency_ms: float | None = None
    energy_uj: float | None = None

    def __post_init__(self) -> None:
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        if all(value is None for value in given.values()):
            raise OptionError("A budget needs at least one limit, such as weight_bytes=60_000.")
        for name, value in given.items():
            if value is not None and not 0 <= value < float("inf"):
                raise OptionError(f"The limit {name} must be a positive number, not {value}.")


@dataclass(frozen=True, slots=True)
class Prediction:
    """An estimate of a recipe's divergence from single-layer measurements; never a measurement.

    Attributes:
        divergence: sum of the single-layer divergences (additive surrogate).
        low, high: 95 % interval of that sum, from the intervals of its terms.
        drop: estimated loss of the task metric, or None without labels.
        samples: samples behind the single-layer figures.
    """

    divergence: float
    low: float
    high: float
    drop: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class Measurement:
    """A recipe run on the sweep set (not the held-out set; `Score` is that).

    Attributes:
        divergence: mean over the samples, with its 95 % interval `low`..`high`.
        drop: loss of the task metric against float (positive is worse), or None without labels.
    """

    divergence: float
    low: float
    high: float
    drop: float | None
    samples: int


@dataclass(frozen=True, slots=True)
class Choice:
    """A solved recipe with its cost, its prediction and, once run, its measurement.

    Attributes:
        hardware: activation memory, and time and energy by the tables of the profile it was
            solved for.
    """

    recipe: Recipe
    cost: Cost
    predicted: Prediction
    measured: Measurement | None = None
    hardware: HardwareCost | None = None
