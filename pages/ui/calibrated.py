"""What to expect of a recipe: corrected by measured recipes where there are some, else the sum."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.allocation.budget import Prediction
from analysis.allocation.calibration import Calibration
from analysis.allocation.estimates import best_estimate
from analysis.allocation.frontier import FrontierPoint
from analysis.allocation.options import Group, decision_groups
from analysis.allocation.posed import picks_of
from analysis.allocation.surrogates.surrogate import Surrogate
from analysis.charts.frontier import CalibratedLine
from analysis.errors import AnalysisError
from analysis.recipe import Recipe
from analysis.sensitivity.points import Sensitivities
from pages.ui import reads

SUM = "sum of the single-layer divergences of the sweep"
LINE = 120
"""So many points of a long frontier are enough for a line."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A predicted divergence.

    Attributes:
        low, high: a 90 % interval where it is calibrated, else the 95 % interval of the sum.
        drop: of the task metric; None without labels.
        recipes: measured recipes it was calibrated by; 0 for the plain sum.
    """

    value: float
    low: float
    high: float
    drop: float | None
    recipes: int = 0

    @property
    def words(self) -> str:
        """What the figure is."""
        return calibrated_words(self.recipes) if self.recipes else SUM


def calibrated_words(recipes: int) -> str:
    """Label of a calibrated prediction."""
    return f"calibrated prediction from {recipes} measured recipes"


def expected(run: str, result: Sensitivities, recipe: Recipe, predicted: Prediction) -> Expected:
    """The calibrated prediction of a recipe, or its additive one where nothing was measured."""
    known = reads.calibration(run)
    value = None if known is None else _estimate(run, result, known, (recipe,))
    if known is None or value is None:
        return Expected(predicted.divergence, predicted.low, predicted.high, predicted.drop)
    found = known.predict(value[0])
    return Expected(
        found.value, found.low, found.high, known.drop(value[0]), recipes=len(known.points)
    )


def calibrated_line(
    run: str, result: Sensitivities, points: Sequence[FrontierPoint]
) -> CalibratedLine | None:
    """Calibrated predictions along a frontier; None where nothing was measured for them."""
    known = reads.calibration(run)
    if known is None or not points:
        return None
    step = -(-len(points) // LINE)
    kept = tuple(points[::step])
    sizes = tuple(point.weight_bytes for point in kept)
    return _line(repr((reads.version(run), known, sizes)), run, result, known, kept)


@st.cache_resource(show_spinner=False, max_entries=64)
def _line(
    key: str,
    _run: str,
    _result: Sensitivities,
    _known: Calibration,
    _points: Sequence[FrontierPoint],
) -> CalibratedLine | None:
    values = _estimate(_run, _result, _known, [point.recipe for point in _points])
    if values is None:
        return None
    found = [_known.predict(value) for value in values]
    rows = (
        (point.weight_bytes, one.value, one.low, one.high)
        for point, one in zip(_points, found, strict=True)
    )
    return CalibratedLine(calibrated_words(len(_known.points)), tuple(rows))


def _estimate(
    run: str, result: Sensitivities, known: Calibration, recipes: Sequence[Recipe]
) -> tuple[float, ...] | None:
    """By the estimate that was calibrated; None where a recipe splits a decision group."""
    groups, surrogate = _surrogate(repr(reads.version(run)), known.surrogate, run, result)
    if surrogate.name != known.surrogate:
        return None
    try:
        return tuple(surrogate.value(picks_of(groups, recipe)) for recipe in recipes)
    except AnalysisError:
        return None


@st.cache_resource(show_spinner=False, max_entries=64)
def _surrogate(
    key: str, name: str, _run: str, _result: Sensitivities
) -> tuple[tuple[Group, ...], Surrogate]:
    """The decision groups of a run, and the estimate of that name if it can still be made."""
    groups = decision_groups(_result, {})
    pairs = None if name == "additive" else reads.interactions(_run)
    return groups, best_estimate(_result, groups, pairs)
