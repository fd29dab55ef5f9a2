"""Two recipes on the same samples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SURE = 2.0
"""Standard errors that make a difference sure (95 %)."""


@dataclass(frozen=True, slots=True)
class Paired:
    """How much lower the divergence of one recipe is than that of another.

    Attributes:
        gain: mean difference over the samples; positive where the first recipe is better.
        error: standard error of that mean; infinite for fewer than two samples.
    """

    gain: float
    error: float

    @property
    def surely_worse(self) -> bool:
        """Whether the first recipe is worse beyond chance."""
        return self.gain < -SURE * self.error


def paired(ours: Floats, theirs: Floats, weights: Floats | None = None) -> Paired:
    """Compare divergences sample by sample.

    A recipe whose output overflowed on some sample loses against any that did not.

    Args:
        ours: divergence of the first recipe, (samples).
        theirs: of the second, on the same samples.
        weights: Horvitz-Thompson weights of drawn samples, mean about 1; None weighs all alike.
    """
    if not np.isfinite(ours).all():
        return Paired(-np.inf, 0.0)
    if not np.isfinite(theirs).all():
        return Paired(np.inf, 0.0)
    difference = theirs - ours if weights is None else weights * (theirs - ours)
    count = len(difference)
    error = float(difference.std(ddof=1) / count**0.5) if count > 1 else np.inf
    return Paired(float(difference.mean()), error)
