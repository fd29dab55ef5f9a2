"""What options cost on hardware: activation memory, time, energy, changes of precision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.allocation.constraints import ChangeCost
from analysis.allocation.coupling import Change, Changes
from analysis.allocation.options import Group
from analysis.allocation.problem import Floats, Integers
from analysis.errors import OptionError
from analysis.hardware.memory import activation_bytes
from analysis.hardware.profile import HardwareProfile
from analysis.hardware.tables import CostTable, widths_of
from analysis.layers import Layer
from analysis.recipe import LayerConfig

Cost = tuple[Floats, Changes | None]
"""Of each option, and what changes from layer to layer add."""


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Costs of the options of some groups.

    Attributes:
        layers: of the network, in call order.
        starts: where each group's options begin, (groups + 1).
        profile: whose tables give time and energy.
        change_cost: what each change of (weight, input) widths costs besides.
    """

    groups: Sequence[Group]
    layers: Sequence[Layer]
    starts: Integers
    profile: HardwareProfile | None = None
    change_cost: ChangeCost | None = None

    def peaks(self) -> Floats:
        """Activation bytes of the option's hungriest layer, (options)."""
        return self._each(activation_bytes, max)

    def latency(self) -> Cost:
        """Milliseconds.

        Raises:
            OptionError: there is no table, or it lacks a row.
        """
        table = self._table("latency", "latency_ms")
        own = self.change_cost.latency_ms if self.change_cost is not None else 0.0
        return self._joined(self._timed(table), self._own_changes(own))

    def energy(self) -> Cost:
        """Microjoules; errors as `latency`."""
        return self._timed(self._table("energy", "energy_uj"))

    def stored(self, weight_bytes: Floats) -> Cost:
        """The weight bytes given, and what changes of precision store besides."""
        own = float(self.change_cost.weight_bytes) if self.change_cost is not None else 0.0
        return self._joined((weight_bytes, None), self._own_changes(own))

    def _own_changes(self, cost: float) -> Cost:
        """What each change of (weight, input) widths costs by the constraint."""
        if not cost:
            return np.zeros(int(self.starts[-1])), None
        return self._changes(widths_of, lambda _: cost)

    def _table(self, name: str, limit: str) -> CostTable:
        table: CostTable | None = getattr(self.profile, name, None)
        if table is None:
            whose = f"{self.profile.name!r} has none" if self.profile is not None else "none is set"
            raise OptionError(
                f"The limit {limit} needs a hardware profile with a table of "
                f"{'time' if name == 'latency' else name}, and {whose}; choose one that has it, "
                "or limit the bytes or BOPs."
            )
        return table

    def _timed(self, table: CostTable) -> Cost:
        own = self._each(table.layer, sum)
        paid = table.per_change > 0 or table.per_changed_value > 0
        if not paid:
            return own, None
        return self._joined((own, None), self._changes(lambda c: widths_of(c)[1:], table.change))

    def _each(
        self, cost: Callable[[Layer, LayerConfig], float], joined: Callable[[list[float]], float]
    ) -> Floats:
        """One number an option from those of its layers, (options)."""
        known: dict[tuple[str, LayerConfig], float] = {}

        def once(layer: Layer, config: LayerConfig) -> float:
            key = (layer.name, config)
            if key not in known:
                known[key] = float(cost(layer, config))
            return known[key]

        found = [
            joined([once(*pair) for pair in zip(group.layers, option.configs, strict=True)])
            for group in self.groups
            for option in group.options
        ]
        return np.array(found, float)

    def _changes(
        self,
        class_of: Callable[[LayerConfig], tuple[int, ...]],
        cost_of: Callable[[Layer], float],
    ) -> Cost:
        """What differing classes of neighbouring layers cost, within groups and between them."""
        within = np.zeros(int(self.starts[-1]))
        between: list[Change] = []
        numbers: dict[tuple[int, ...], int] = {}
        classes, homes = {}, {}
        for place, group in enumerate(self.groups):
            for member, layer in enumerate(group.layers):
                taken = [class_of(option.configs[member]) for option in group.options]
                ids = [numbers.setdefault(kind, len(numbers)) for kind in taken]
                classes[layer.name], homes[layer.name] = np.array(ids, np.int64), place
        for before, after in pairwise(self.layers):
            cost = cost_of(after)
            first, second = homes[before.name], homes[after.name]
            if not cost:
                continue
            if first == second:
                differ = classes[before.name] != classes[after.name]
                within[self.starts[first] : self.starts[first + 1]] += cost * differ
            else:
                between.append(
                    Change(first, second, classes[before.name], classes[after.name], cost)
                )
        return within, Changes(between, self.starts) if between else None

    def _joined(self, first: Cost, second: Cost) -> Cost:
        """Both costs together."""
        changes = [part.of for part in (first[1], second[1]) if part is not None]
        of = [change for part in changes for change in part]
        return first[0] + second[0], Changes(of, self.starts) if of else None
