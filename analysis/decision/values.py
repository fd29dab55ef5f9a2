"""What a decision hands out, as values without torch."""

from dataclasses import dataclass
from typing import Literal

from analysis.allocation.budget import Choice, Measurement
from analysis.allocation.calibration import Calibration
from analysis.allocation.surrogates.surrogate import SurrogateName
from analysis.allocation.verdict import Verdict
from analysis.cost import Cost
from analysis.recipe import Recipe

Origin = SurrogateName | Literal["uniform", "greedy", "polished"]
"""The estimate whose optimum a recipe is, another way of choosing it, or that it was found among
measured neighbours."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A recipe that could have been chosen.

    Attributes:
        origin: where it comes from; of several the first.
        predicted: by the estimate it is the optimum of; additive for any other recipe.
        measured: on the whole sweep set; None where it was dropped on fewer samples.
        validation: on the calibration set, which no estimate has seen; None likewise.
    """

    origin: Origin
    recipe: Recipe
    cost: Cost
    predicted: float
    measured: Measurement | None = None
    validation: Measurement | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A recipe within a budget, and what it was chosen from.

    Attributes:
        choice: with its additive prediction and its measurement.
        origin: of the chosen recipe.
        candidates: every optimum and the polished recipe, in the order they were raced.
        baselines: measured: same bytes uniform first, then other widths, ends high, greedy by
            score, random mix; none where they were not asked for.
        verdict: against the first baseline; None where there is none.
        evaluations: recipes that were run on samples to choose, baselines and calibration aside.
        forwards: work of all that was run, in forwards of the whole sweep set.
        calibration: of predictions, where one was at hand or needed.
    """

    choice: Choice
    origin: Origin
    candidates: tuple[Candidate, ...]
    baselines: tuple[Choice, ...]
    verdict: Verdict | None
    evaluations: int
    forwards: float
    calibration: Calibration | None = None


@dataclass(frozen=True, slots=True)
class DecisionStep:
    """What a decision does next.

    Attributes:
        doing: for people, such as ``racing pairwise``.
        done, total: recipes run so far, and about how many there will be.
    """

    doing: str
    done: int
    total: int
