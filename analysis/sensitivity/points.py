"""What a sweep learns, as values: points, and all of them together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isnan
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis import serial
from analysis.errors import RunError
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.stability import Reliability
from analysis.sensitivity.terms import DEFAULT_BITS as DEFAULT_BITS
from analysis.sensitivity.terms import Direction as Direction
from analysis.sensitivity.terms import Divergence as Divergence
from analysis.sensitivity.terms import Method as Method
from analysis.sensitivity.terms import Scheme as Scheme
from analysis.sensitivity.terms import Stage as Stage
from analysis.sensitivity.terms import Target as Target
from analysis.sensitivity.terms import Targets as Targets

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One question of a sweep: this tensor, quantised so, alone."""

    layer: str
    target: Target
    label: str

    @property
    def spec(self) -> QuantSpec:
        """How the tensor is quantised."""
        return QuantSpec.parse(self.label)


@dataclass(frozen=True, slots=True)
class CellSamples:
    """Raw figures of one cell on one unit of work of one stage; means over rows are estimates.

    Attributes:
        start: number of the unit: the index of its first sample in the stage's order.
        divergence: float64, one value a row. A row is a sample ("exact"), a drawn sample with its
            Horvitz-Thompson weight multiplied in ("sampled"), or a mini-batch ("sketch").
        statistics: float64, (rows, columns): the metric's per-sample statistics, weighted alike.
        shifts: float32, (rows, columns): the output shift in the Fisher metric, so that half the
            sum of squares of a row is its second-order divergence; no columns when not kept.
        samples: sweep samples behind the rows; None when each row is one.
    """

    cell: Cell
    start: int
    divergence: NDArray[np.float64]
    statistics: NDArray[np.float64]
    stage: Stage = "exact"
    shifts: NDArray[np.float32] | None = None
    samples: int | None = None

    @property
    def covered(self) -> int:
        """Sweep samples behind the rows."""
        return len(self.divergence) if self.samples is None else self.samples


@dataclass(frozen=True, slots=True)
class SweepPoint:
    """One cell, measured or estimated on `samples` of the `total` samples of its stage.

    Attributes:
        stage: "exact" and "sampled" are measurements (of all samples, of drawn ones); "sketch" is
            a second-order estimate and is shown as one.
        divergence: mean over the samples, quantised against float output (KL in nats, or squared
            error relative to the float output); lower is better.
        low, high: 95 % interval of that mean.
        metrics: task metrics of the quantised net on the same samples.
    """

    layer: str
    target: Target
    bits: int
    label: str
    divergence: float
    low: float
    high: float
    samples: int
    total: int
    metrics: Mapping[str, float]
    stage: Stage = "exact"

    @property
    def cell(self) -> Cell:
        """The question this point answers."""
        return Cell(self.layer, self.target, self.label)

    @property
    def uncertain(self) -> bool:
        """Whether it is only an estimate, or its interval is as wide as its value."""
        return self.stage == "sketch" or self.high - self.low > self.divergence

    @property
    def complete(self) -> bool:
        """Whether all samples are in."""
        return self.samples == self.total


@dataclass(frozen=True, slots=True)
class SweepCost:
    """What a sweep took.

    Attributes:
        forwards: in forwards of the whole sweep set.
        seconds: from start to end.
        peak_rss_bytes: peak resident bytes, those of all its processes added up.
        cpu_seconds: of all its processes; 0 where it is not known.
        workers: processes that measured.
        expected_rss_bytes: what `peak_rss_bytes` was expected to be; 0 where it is not known.
    """

    forwards: float
    seconds: float
    peak_rss_bytes: int
    cpu_seconds: float = 0.0
    workers: int = 1
    expected_rss_bytes: int = 0

    def then(self, later: "SweepCost") -> "SweepCost":
        """This and what came after it."""
        return SweepCost(
            self.forwards + later.forwards,
            self.seconds + later.seconds,
            max(self.peak_rss_bytes, later.peak_rss_bytes),
            self.cpu_seconds + later.cpu_seconds,
            max(self.workers, later.workers),
            max(self.expected_rss_bytes, later.expected_rss_bytes),
        )


@dataclass(frozen=True, slots=True)
class SweepSetup:
    """What is known before the first point: the model as the sweep sees it.

    Attributes:
        weights, activations: how their specs were found; "best" chose one of each family and width
            for each layer.
    """

    workload: str
    fingerprint: str
    method: Method
    layers: tuple[Layer, ...]
    other_bytes: int
    divergence: Divergence
    metric: str | None
    direction: Direction
    reference: Mapping[str, float]
    cells: tuple[Cell, ...]
    samples: int
    weights: Scheme = "fixed"
    activations: Scheme = "fixed"


class SweepLike(Protocol):
    """What `Sensitivities.collect` needs of a sweep."""

    @property
    def setup(self) -> SweepSetup:
        """What is known before the first point."""

    @property
    def cost(self) -> SweepCost:
        """What it took so far."""

    def __iter__(self) -> "Iterator[SweepPoint]":
        """Points in the order they are measured; later ones of a cell replace earlier ones."""


@dataclass(frozen=True, slots=True)
class Sensitivities:
    """Everything a sweep learnt.

    Attributes:
        points: the newest point of each cell, in the order of `setup.cells`.
        reliability: how sure it is; None while the sweep has not ended.
        notes: what the user should know, such as a stage that the model did not allow.
    """

    setup: SweepSetup
    points: tuple[SweepPoint, ...]
    cost: SweepCost
    run: str | None = None
    reliability: Reliability | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def collect(cls, sweep: SweepLike, run: str | None = None) -> "Sensitivities":
        """Run a sweep to its end and keep the newest point of each cell."""
        points = {point.cell: point for point in sweep}
        return cls.assemble(sweep.setup, points.values(), sweep.cost, run=run)

    @classmethod
    def assemble(
        cls,
        setup: SweepSetup,
        points: Iterable[SweepPoint],
        cost: SweepCost,
        *,
        run: str | None = None,
    ) -> "Sensitivities":
        """Order points as the setup lists its cells."""
        rank = {cell: index for index, cell in enumerate(setup.cells)}
        ordered = sorted(points, key=lambda point: rank[point.cell])
        return cls(setup, tuple(ordered), cost, run)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers, in call order."""
        return self.setup.layers

    def of(self, target: Target) -> tuple[SweepPoint, ...]:
        """Points of weights, or of activations."""
        return tuple(point for point in self.points if point.target == target)

    def leading(self, target: Target) -> tuple[SweepPoint, ...]:
        """Of weights, or of activations, the `leading` point of each layer and width."""
        return leading(self.of(target))

    def point(self, layer: str, target: Target, bits: int) -> SweepPoint | None:
        """The leading point of one layer at one width, or None when it was not measured."""
        asked = (layer, target, bits)
        found = [p for p in self.points if (p.layer, p.target, p.bits) == asked]
        return leading(found)[0] if found else None

    def bits(self, target: Target) -> tuple[int, ...]:
        """Widths that were swept, ascending."""
        return tuple(sorted({point.bits for point in self.of(target)}))


def leading(points: Iterable[SweepPoint]) -> tuple[SweepPoint, ...]:
    """Of each tensor and width the point of least divergence, where several specs were swept.

    Measurements go before estimates, numbers before NaN.
    """
    found: dict[tuple[str, Target, int], SweepPoint] = {}
    for point in points:
        key = point.layer, point.target, point.bits
        if key not in found or _rank(point) < _rank(found[key]):
            found[key] = point
    return tuple(found.values())


def _rank(point: SweepPoint) -> tuple[bool, bool, float]:
    unknown = isnan(point.divergence)
    return unknown, point.stage == "sketch", inf if unknown else point.divergence


def parse_sensitivities(text: str) -> Sensitivities:
    """Read the document of ``sweep --json``.

    Raises:
        RunError: the text is no sweep document.
    """
    document = serial.parse_object(text, RunError, "sweep document")
    return from_document(document)


def to_document(result: Sensitivities) -> dict[str, object]:
    """The document of ``sweep --json``: flat, with the setup's fields at the top."""
    plain = serial.to_plain(result)
    setup = plain.pop("setup")
    return {**setup, **plain}


def from_document(document: dict[str, object]) -> Sensitivities:
    """Read what `to_document` wrote.

    Raises:
        RunError: a field is missing or of the wrong type.
    """
    names = SweepSetup.__dataclass_fields__
    setup = {key: value for key, value in document.items() if key in names}
    rest = {key: value for key, value in document.items() if key not in names}
    return serial.from_plain(Sensitivities, {"setup": setup, **rest}, RunError, "sweep document")
