"""Recipes run on some of a part's samples, each sample once; the float run is made once for all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.allocation.budget import Measurement
from analysis.divergence import Reference, reference_of, squared_norms
from analysis.metrics import Metric, statistics_rows
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.exact import chunk_size
from analysis.sensitivity.float_run import gini_impurity
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.resampling import mean_interval
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.calibration import Ranges, calibrate
from analysis.simulate.simulated import Forward, simulated
from analysis.workloads.parts import cut_batches, samples_in, take_samples
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
Key = tuple[tuple[str, LayerConfig], ...]


@dataclass(slots=True, eq=False)
class Simulator:
    """Runs recipes of one subject; quantised weights and calibrated ranges are kept."""

    subject: Subject
    _weights: WeightCache = field(init=False)
    _ranges: Ranges | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._weights = WeightCache(self.subject)

    def run(self, recipe: Recipe | None, batches: Sequence[Batch]) -> Iterator[Tensor]:
        """Output of each batch."""
        size = self.subject.whole(chunk_size(self.subject.layers))
        configs = recipe.layers.values() if recipe is not None else ()
        if self._ranges is None and any(config.activation is not None for config in configs):
            self._ranges = calibrate(self.subject)
        ranges = self._ranges if self._ranges is not None else {}
        with simulated(self.subject, recipe, ranges=ranges, weight=self._weights.get) as forward:
            for batch in batches:
                yield _whole(forward, batch, size)


def _key(recipe: Recipe) -> Key:
    """The same for recipes that differ only in name or order."""
    return tuple(sorted(recipe.layers.items(), key=lambda row: row[0]))


def _whole(forward: Forward, batch: Batch, size: int) -> Tensor:
    return torch.cat([forward(inputs) for inputs, _ in cut_batches([batch], size)])


@dataclass(slots=True, eq=False)
class _Known:
    """What is known of one recipe, by sample; NaN where it was not run."""

    divergence: Floats
    statistics: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Clean:
    """The float model on one batch, whose first sample is number `first` of the part."""

    batch: Batch
    output: Tensor
    first: int


@dataclass(slots=True, eq=False)
class Trials:
    """One part of a workload's data, and what recipes did on it.

    Attributes:
        impurity: Gini impurity of each sample's float output, (samples).
        statistics: the metric's statistics of the float model, (samples, columns).
        forwards: work done so far, in forwards of the whole part.
    """

    simulator: Simulator
    impurity: Floats
    statistics: Floats
    _clean: tuple[_Clean, ...]
    _scale: float
    forwards: float = 1.0
    _known: dict[Key, _Known] = field(default_factory=dict)

    @classmethod
    def of(cls, simulator: Simulator, batches: Sequence[Batch]) -> Self:
        """Run the float model on a part."""
        made = simulator.subject
        outputs = list(simulator.run(None, batches))
        kind, metric = made.divergence, made.metric
        rows = zip(outputs, batches, strict=True)
        firsts = np.cumsum([0, *(samples_in(batch) for batch in batches)])
        norms = np.concatenate([squared_norms(output).numpy() for output in outputs])
        return cls(
            simulator,
            impurity=np.concatenate([gini_impurity(kind, output) for output in outputs]),
            statistics=np.concatenate(
                [statistics_rows(metric, y, batch[1], y) for y, batch in rows]
            ),
            _clean=tuple(
                _Clean(batch, output, int(first))
                for batch, output, first in zip(batches, outputs, firsts, strict=False)
            ),
            _scale=float(norms.mean()),
        )

    @property
    def samples(self) -> int:
        """Size of the part."""
        return len(self.impurity)

    @property
    def columns(self) -> int:
        """Size of one sample's output."""
        return self._clean[0].output[0].numel()

    @property
    def metric(self) -> Metric | None:
        """The task metric; None without labels."""
        return self.simulator.subject.metric if self.statistics.shape[1] else None

    def log_p(self) -> Floats:
        """Log-probabilities of the float model, (samples, positions, classes)."""
        parts = [clean.output.double().log_softmax(-1).numpy() for clean in self._clean]
        whole = np.concatenate(parts)
        return np.asarray(whole.reshape(len(whole), -1, whole.shape[-1]))

    def divergence(self, recipe: Recipe, places: Places | None = None) -> Floats:
        """Divergence of every sample, or of those at the given places; runs what is missing."""
        known = self._filled(recipe, places)
        return known.divergence if places is None else known.divergence[places]

    def outcome(self, recipe: Recipe) -> tuple[Floats, Floats]:
        """Divergence and metric statistics of every sample, (samples) and (samples, columns)."""
        known = self._filled(recipe, None)
        return known.divergence, known.statistics

    def whole(self, recipe: Recipe) -> bool:
        """Whether the recipe was run on every sample."""
        known = self._known.get(_key(recipe))
        return known is not None and not np.isnan(known.divergence).any()

    def measurement(self, recipe: Recipe) -> Measurement:
        """Divergence and loss of the task metric on the whole part, with its interval."""
        divergence, statistics = self.outcome(recipe)
        mean, low, high = mean_interval(divergence)
        drop = None
        if self.metric is not None:
            worse = 1.0 if self.metric.direction == "higher" else -1.0
            before = metric_value(self.metric, self.statistics)
            drop = worse * (before - metric_value(self.metric, statistics))
        return Measurement(mean, low, high, drop, samples=self.samples)

    def _filled(self, recipe: Recipe, places: Places | None) -> _Known:
        known = self._known.get(_key(recipe))
        if known is None:
            known = _Known(np.full(self.samples, np.nan), np.full_like(self.statistics, np.nan))
            self._known[_key(recipe)] = known
        missing = np.isnan(known.divergence)
        if places is not None:
            wanted = np.zeros(self.samples, bool)
            wanted[places] = True
            missing &= wanted
        if missing.any():
            self._fill(recipe, known, missing)
            self.forwards += float(missing.mean())
        return known

    def _fill(self, recipe: Recipe, known: _Known, missing: NDArray[np.bool_]) -> None:
        """Run the missing samples, batch by batch."""
        subject = self.simulator.subject
        chosen: list[tuple[_Clean, Places, Batch]] = []
        for clean in self._clean:
            count = samples_in(clean.batch)
            rows = np.flatnonzero(missing[clean.first : clean.first + count])
            if len(rows):
                every = len(rows) == count
                cut = clean.batch if every else take_samples(clean.batch, torch.from_numpy(rows))
                chosen.append((clean, rows, cut))
        outputs = self.simulator.run(recipe, [cut for *_, cut in chosen])
        for (clean, rows, cut), output in zip(chosen, outputs, strict=True):
            reference = self._reference(clean.output[torch.from_numpy(rows)])
            known.divergence[clean.first + rows] = reference.divergence(output).numpy()
            known.statistics[clean.first + rows] = statistics_rows(
                subject.metric, output, cut[1], reference.output
            )

    def _reference(self, output: Tensor) -> Reference:
        return reference_of(self.simulator.subject.divergence, output, self._scale)
