"""How a budget is to be spent: everything `allocate` may be told besides the budget."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypedDict

from analysis.allocation.constraints import Constraints
from analysis.errors import OptionError
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import LayerConfig

Solver = Literal["milp", "hull"]


class TermKeywords(TypedDict, total=False):
    """Keywords of `allocate`; meanings and defaults are those of `Terms`."""

    locked: Mapping[str, LayerConfig]
    solver: Solver
    name: str
    profile: HardwareProfile | None
    constraints: Constraints | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a budget is to be spent.

    Attributes:
        locked: layers that are decided already, with their group; joins `constraints.pinned`.
        solver: "milp" is exact; "hull" takes milliseconds for hundreds of layers and loses little
            there, more in networks of few layers. It knows linear limits, pins and forbidden
            widths; neither a largest number of widths nor a cost of precision changes.
        name: of the recipe.
        profile: hardware whose kernels must take every option, and whose tables give time and
            energy; None allows everything that was swept.
        constraints: what must hold besides.
    """

    locked: Mapping[str, LayerConfig] = field(default_factory=dict)
    solver: Solver = "milp"
    name: str = "mixed"
    profile: HardwareProfile | None = None
    constraints: Constraints | None = None

    @property
    def rules(self) -> Constraints:
        """The constraints, with the locks among the pins.

        Raises:
            OptionError: a layer is locked one way and pinned another.
        """
        given = self.constraints or Constraints()
        for name, config in self.locked.items():
            if given.pinned.get(name, config) != config:
                raise OptionError(
                    f"{name!r} is locked one way and pinned another; take one of the two back."
                )
        return replace(given, pinned={**given.pinned, **self.locked})
