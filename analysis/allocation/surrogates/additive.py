"""The sum of what each option does alone."""

from dataclasses import dataclass

from analysis.allocation.problem import Floats, Integers
from analysis.allocation.surrogates.surrogate import SurrogateName, owners


@dataclass(frozen=True, slots=True, eq=False)
class Additive:
    """D(o) = sum over groups g of s(g, o(g)).

    Attributes:
        divergence: s, (options).
        starts: where each group's options begin, (groups + 1).
    """

    divergence: Floats
    starts: Integers
    name: SurrogateName = "additive"
    breadth: int = 3_000

    def value(self, picks: Integers) -> float:
        """The sum."""
        return float(self.divergence[picks].sum())

    def singles(self, picks: Integers) -> Floats:
        """Exact."""
        now = self.divergence[picks]
        singles: Floats = now.sum() + self.divergence - now[owners(self.starts)]
        return singles

    def moves(self, picks: Integers, candidates: Integers) -> Floats:
        """The sum after each move."""
        before = picks[owners(self.starts)[candidates]]
        change = self.divergence[candidates] - self.divergence[before]
        moved: Floats = self.value(picks) + change.sum(1)
        return moved
