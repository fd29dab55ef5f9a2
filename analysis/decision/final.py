"""Which of the measured recipes is taken."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.decision.paired import paired

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Finalist:
    """One recipe's divergence on the sweep set and on the validation set, by sample."""

    swept: Floats
    validated: Floats

    @property
    def mean(self) -> float:
        """Over the samples of both."""
        return float(np.concatenate([self.swept, self.validated]).mean())


def final(finalists: Sequence[Finalist], additive: int) -> int:
    """Number of the recipe to take.

    The recipe of least divergence over both sets, among those that are not surely worse than the
    additive optimum on the validation set. The sweep set alone favours recipes that fit its
    samples, the validation set alone is small (METHODS 5.3, caveat).

    Args:
        finalists: the recipes.
        additive: number of the additive optimum, which is always allowed.
    """
    reference = finalists[additive].validated
    allowed = [additive]
    for number, finalist in enumerate(finalists):
        worse = paired(finalist.validated, reference).surely_worse
        if number != additive and not worse:
            allowed.append(number)
    return min(sorted(allowed), key=lambda number: finalists[number].mean)
