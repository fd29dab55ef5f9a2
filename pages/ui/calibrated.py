"""What to expect of a recipe: corrected by measured recipes where there are some, else the sum."""

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from analysis.allocation.budget import Prediction
from analysis.allocation.calibration import Calibration
from analysis.allocation.estimates import Corrector
from analysis.allocation.frontier import FrontierPoint
from analysis.charts.frontier import CalibratedLine
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
    known = _corrector(run, result)
    if known is None:
        return Expected(predicted.divergence, predicted.low, predicted.high, predicted.drop)
    # kept with its recipe, whose id then stands for it alone
    key = ("expected", run, id(recipe))
    return reads.once(key, lambda: (recipe, _corrected(known, recipe, predicted)))[1]


def _corrected(known: Corrector, recipe: Recipe, predicted: Prediction) -> Expected:
    value = known.estimate(recipe)
    if value is None:
        return Expected(predicted.divergence, predicted.low, predicted.high, predicted.drop)
    found, drop = known.calibration.predict(value), known.calibration.drop(value)
    recipes = len(known.calibration.points)
    return Expected(found.value, found.low, found.high, drop, recipes=recipes)


def calibrated_line(
    run: str, result: Sensitivities, points: Sequence[FrontierPoint]
) -> CalibratedLine | None:
    """Calibrated predictions along a frontier; None where nothing was measured for them."""
    known = _corrector(run, result)
    if known is None or not points:
        return None
    step = -(-len(points) // LINE)
    kept = tuple(points[::step])
    sizes = tuple(point.weight_bytes for point in kept)
    return _line(repr((reads.version(run), known.calibration, sizes)), known, kept)


@st.cache_resource(show_spinner=False, max_entries=64)
def _line(key: str, _known: Corrector, _points: Sequence[FrontierPoint]) -> CalibratedLine | None:
    found = [(point.weight_bytes, _known.predict(point.recipe)) for point in _points]
    rows = tuple((size, one.value, one.low, one.high) for size, one in found if one is not None)
    words = calibrated_words(len(_known.calibration.points))
    return CalibratedLine(words, rows) if len(rows) == len(found) else None


def _corrector(run: str, result: Sensitivities) -> Corrector | None:
    known = reads.calibration(run)
    if known is None:
        return None
    return reads.once(
        ("corrector", run),
        lambda: _made(repr((reads.version(run), known)), run, result, known),
    )


@st.cache_resource(show_spinner=False, max_entries=64)
def _made(key: str, _run: str, _result: Sensitivities, _known: Calibration) -> Corrector | None:
    pairs = None if _known.surrogate == "additive" else reads.interactions(_run)
    return Corrector.of(_result, pairs, _known)
