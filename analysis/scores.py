"""A recipe judged on held-out data, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass

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
        text: the beginning of the input as numbers, where it is none.
    """

    sample: int
    reference: str
    actual: str
    target: str | None
    divergence: float
    image: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """One recipe on the evaluation set, beside the float model on the same samples.

    Attributes:
        reference: float metrics.
        actual: metrics of the quantised model.
        drop: loss of each metric against float (positive is worse), paired over samples.
        divergence: mean divergence of the outputs, `low`..`high` its 95 % interval.
        samples: size of the evaluation set.
        agreement: share of samples with the same arg-max as float; None for other outputs.
        classes: damage per class, worst first; empty when the metric has no classes.
        changed: indices (in the evaluation set) of samples whose answer changed, most harmed first.
        examples: the first of these, to be looked at.
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
