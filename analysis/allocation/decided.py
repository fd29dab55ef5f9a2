"""Whether more samples would still change the recipe."""

from dataclasses import dataclass, field

from analysis.allocation.allocate import allocate
from analysis.allocation.average import bytes_at
from analysis.allocation.budget import Budget
from analysis.errors import OptionError
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities

STEADY_LOOKS = 3
"""So many looks in a row must give the same recipes."""

Answer = tuple[tuple[tuple[str, LayerConfig], ...], ...]


def answers(result: Sensitivities) -> Answer:
    """The recipes at three budgets between the narrowest and the widest uniform one."""
    widths = result.bits("weight")
    low, high = bytes_at(result, widths[0]), bytes_at(result, widths[-1])
    budgets = (round(low + (high - low) * share) for share in (0.2, 0.4, 0.6))
    recipes = (
        allocate(result, Budget(weight_bytes=budget), solver="hull").recipe for budget in budgets
    )
    return tuple(tuple(recipe.layers.items()) for recipe in recipes)


@dataclass(slots=True)
class DecisionWatch:
    """Looks at a growing sweep and tells when its recipes have stopped changing."""

    _last: Answer | None = field(default=None, init=False)
    _steady: int = field(default=0, init=False)

    def settled(self, result: Sensitivities) -> bool:
        """Look once more; whether the recipes were the same `STEADY_LOOKS` times in a row."""
        try:
            now = answers(result)
        except OptionError:
            return False  # cells are missing: nothing can be decided yet
        self._steady = self._steady + 1 if now == self._last else 1
        self._last = now
        return self._steady >= STEADY_LOOKS
