"""Two metrics of a list of films: the stars of the first, and whether a liked one comes up."""

from dataclasses import dataclass

from torch import Tensor

from analysis.metrics import HitRate, Rmse, Totals
from analysis.sensitivity.terms import Direction, Divergence

LIKED, FIRST = 4, 10


@dataclass(frozen=True, slots=True)
class StarsRmse:
    """Root mean squared error of the predicted stars of each list's first film.

    The other films are such as the user has not rated, so there is nothing to compare with.
    """

    name: str = "rmse"
    direction: Direction = "lower"
    divergence: Divergence = "mse"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns as of `Rmse`. Both (samples, films), the stars in the target's first column."""
        return Rmse().statistics(output[:, :1], target[:, :1])

    def finish(self, totals: Totals) -> Totals:
        """As of `Rmse`."""
        return Rmse().finish(totals)


@dataclass(frozen=True, slots=True)
class LikedHit:
    """HR@10 over the lists whose first film got 4 or 5 stars (He et al., arXiv 1708.05031, 4.1)."""

    name: str = f"hr@{FIRST}"
    direction: Direction = "higher"
    divergence: Divergence = "kl"

    def statistics(self, output: Tensor, target: Tensor) -> Tensor:
        """Columns as of `HitRate`. Both (samples, films), stars or 0 in the target."""
        return HitRate(FIRST).statistics(output, (target >= LIKED).double())

    def finish(self, totals: Totals) -> Totals:
        """As of `HitRate`."""
        return HitRate(FIRST).finish(totals)
