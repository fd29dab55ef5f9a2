"""What recipes that were run tell about others: by how much an estimate is off, and how surely.

An estimate of second order misses what three and more layers do together. How far it is off changes
little from a recipe to one that differs in few groups, so a Gaussian process over recipes learns it
(Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, equations 2.25 and 2.26).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from analysis.allocation.problem import Floats, Integers

REACH = 0.3
"""Share of groups by which recipes differ where the likeness of their errors has fallen to 1/e."""

NOISE = 0.02
"""Variance of a run on drawn samples, as a share of that of the errors."""

CURIOSITY = 1.0
"""Standard errors by which a recipe may be better than expected and be run for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """The logarithm of measured over estimated divergence, for any recipe.

    Attributes:
        picks: recipes that were run, (recipes, groups).
        mean, variance: of their log-ratios.
        inverse: of their likeness with noise, (recipes, recipes).
        weights: the inverse times the log-ratios less their mean, (recipes).
    """

    picks: Integers
    mean: float
    variance: float
    inverse: Floats
    weights: Floats

    @classmethod
    def of(cls, picks: Integers, ratios: Floats) -> Self:
        """Learn from recipes, (recipes, groups), and their log-ratios, (recipes); one at least."""
        mean = float(ratios.mean())
        likeness = _likeness(picks, picks)
        inverse: Floats = np.linalg.inv(likeness + NOISE * np.eye(len(picks))).astype(np.float64)
        return cls(picks, mean, float(ratios.var()), inverse, inverse @ (ratios - mean))

    def hopeful(self, picks: Integers) -> Floats:
        """Expected log-ratio less `CURIOSITY` standard errors, (recipes, groups) to (recipes)."""
        likeness = _likeness(picks, self.picks)
        known = np.einsum("ij,jk,ik->i", likeness, self.inverse, likeness, optimize=True)
        error = np.sqrt(self.variance * np.maximum(1 - known, 0))
        return np.asarray(self.mean + likeness @ self.weights - CURIOSITY * error)


def _likeness(ours: Integers, theirs: Integers) -> Floats:
    """Covariance over variance of the errors of every two recipes."""
    differing = np.stack([(ours != row).mean(1) for row in theirs], axis=1)
    return np.asarray(np.exp(-differing / REACH))
