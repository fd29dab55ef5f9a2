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

    The recipe of least divergence over both sets, among those that the validation set does not
    speak against: whose divergence there exceeds the additive optimum's by no more than the
    standard error of the difference. The sweep set alone favours recipes that fit its samples,
    the validation set alone is small (METHODS 5.3, caveat).

    Args:
        finalists: the recipes.
        additive: number of the additive optimum, which is always allowed.
    """
    reference = finalists[additive].validated
    allowed = [additive]
    for number, finalist in enumerate(finalists):
        found = paired(finalist.validated, reference)
        if number != additive and found.gain >= -found.error:
            allowed.append(number)
    return min(sorted(allowed), key=lambda number: finalists[number].mean)
