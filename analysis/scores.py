"""A recipe judged on held-out data, as a value."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.cost import Cost
from analysis.recipe import Recipe
from analysis.sensitivity.points import Direction, Divergence


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95 % interval (bootstrap over samples)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassDamage:
    """What one class lost: share right in float and quantised."""

    label: str
    samples: int
    reference: float
    actual: float


@dataclass(frozen=True, slots=True)
class ChangedExample:
    """A sample whose answer changed, to be looked at.

    Attributes:
        sample: its index in the evaluation set.
        reference, actual, target: float's answer, the quantised one, the right one (None without
            labels), by class name.
        divergence: of this sample.
        image: PNG as base64, where the input is an image; else empty.
        text: the beginning of the input, where it is none: a text, or the values of a row.
        position: of a sequence, the token after which the answers are; `text` ends there.
    """

    sample: int
    reference: str
    actual: str
    target: str | None
    divergence: float
    image: str = ""
    text: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """One recipe on the evaluation set, beside the float model on the same samples.

    Attributes:
        reference: float metrics.
        actual: metrics of the quantised model.
        drop: loss of each metric against float (positive is worse), paired over samples.
        metric: the main one, which guides choices.
        direction: which way is better, of the main metric; `directions` has it for each.
        divergence: mean divergence of the outputs, `low`..`high` its 95 % interval.
        samples: size of the evaluation set.
        agreement: share of samples with the same arg-max as float; None for other outputs.
        classes: damage per class, worst first; empty when the metric has no classes.
        changed: indices (in the evaluation set) of samples whose answer changed, most harmed first.
        examples: the first of these, to be looked at.
        by_sample: divergence of each sample, see `packed_divergences`; empty where not kept.
    """

    recipe: Recipe
    cost: Cost
    workload: str
    fingerprint: str
    reference: Mapping[str, float]
    actual: Mapping[str, Interval]
    drop: Mapping[str, Interval]
    metric: str | None
    direction: Direction
    divergence_kind: Divergence
    divergence: float
    low: float
    high: float
    samples: int
    seconds: float
    agreement: float | None = None
    classes: tuple[ClassDamage, ...] = ()
    changed: tuple[int, ...] = ()
    examples: tuple[ChangedExample, ...] = ()
    directions: Mapping[str, Direction] = field(default_factory=dict)
    by_sample: str = ""


def packed_divergences(values: NDArray[np.float64]) -> str:
    """Divergences of the samples as text: float32, little-endian, base64."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode("ascii")


def divergences_of(score: Score) -> NDArray[np.float64] | None:
    """Divergence of each sample, (samples); None where they were not kept or are damaged."""
    try:
        content = base64.b64decode(score.by_sample, validate=True)
    except (ValueError, binascii.Error):
        return None
    if not content or len(content) != 4 * score.samples:
        return None
    return np.frombuffer(content, "<f4").astype(np.float64)
