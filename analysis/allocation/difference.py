"""Two scored recipes sample by sample."""

from dataclasses import dataclass

from analysis.scores import Score, divergences_of
from analysis.sensitivity.resampling import mean_interval


def figure_text(value: float) -> str:
    """Three significant digits in a sentence, as on the pages: ``0.0123``, ``−1.4e−5``."""
    return f"{value:.3g}".replace("e-0", "e-").replace("-", "\N{MINUS SIGN}")


@dataclass(frozen=True, slots=True)
class Difference:
    """How much lower the divergence of the first recipe is than that of the second.

    Attributes:
        gain: mean over the samples; positive where the first recipe is better.
        low, high: its 95 % interval (bootstrap over samples, both recipes on the same ones).
    """

    gain: float
    low: float
    high: float
    samples: int

    @property
    def side(self) -> int:
        """-1 when the first recipe is lower beyond chance, 1 when it is higher, else 0."""
        return -1 if self.low > 0 else 1 if self.high < 0 else 0

    @property
    def words(self) -> str:
        """Such as ``0.004 lower (95 % interval 0.003 to 0.005)``, in the direction of the mean."""
        lower = self.gain >= 0
        ends = (self.low, self.high) if lower else (-self.high, -self.low)
        return (
            f"{figure_text(abs(self.gain))} {'lower' if lower else 'higher'} "
            f"(95 % interval {figure_text(ends[0])} to {figure_text(ends[1])})"
        )


def difference(ours: Score, theirs: Score) -> Difference | None:
    """Compare two scores; None where one of them did not keep its samples, or kept others."""
    first, second = divergences_of(ours), divergences_of(theirs)
    same = ours.fingerprint == theirs.fingerprint and ours.samples == theirs.samples
    if first is None or second is None or len(first) != len(second) or not same:
        return None
    gain, low, high = mean_interval(second - first)
    if len(first) < 2:  # one sample tells no spread, to either side
        low = -high
    return Difference(gain, low, high, len(first))
