"""What one target can run and what that costs there."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from analysis.errors import OptionError
from analysis.hardware.rules import STRICT, KindRule
from analysis.hardware.tables import CostTable
from analysis.layers import Layer
from analysis.recipe import LayerConfig

Tie = Literal["weights", "inputs"]
"""Layers of one `group` share a weight spec; layers of one `input_group` an activation spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HardwareProfile:
    """A target, as a data file describes it.

    Attributes:
        name: short, for the command line and for links.
        source: where the rules come from, in words; `date` is when that was read.
        references: where they can be read.
        allowed: which specs the kernels take; the first rule that covers a layer's kind holds.
        other_kinds_in_float: whether layers that no rule covers run in float there; where not,
            they cannot run at all.
        tied_groups: which groups of layers the runtime insists on.
        latency, energy: tables in ns and in pJ; None where nothing can be said.
        notes: what a user should know before choosing it.
    """

    __pydantic_config__: ClassVar = STRICT

    name: str
    title: str
    source: str
    date: str
    allowed: tuple[KindRule, ...]
    references: tuple[str, ...] = ()
    other_kinds_in_float: bool = True
    tied_groups: tuple[Tie, ...] = ()
    latency: CostTable | None = None
    energy: CostTable | None = None
    notes: str = ""

    def __post_init__(self) -> None:
        for table, unit in ((self.latency, "ns"), (self.energy, "pJ")):
            if table is not None and table.unit != unit:
                raise OptionError(
                    f"Times are in ns and energies in pJ; profile {self.name!r} has a table in "
                    f"{table.unit} where {unit} belongs."
                )

    def rule(self, kind: str) -> KindRule | None:
        """The rule about this kind of layer, or None."""
        return next((rule for rule in self.allowed if rule.covers(kind)), None)

    def in_float(self, layer: Layer) -> bool:
        """Whether the layer must stay in float there, because no kernel quantises its kind."""
        return self.rule(layer.kind) is None and self.other_kinds_in_float

    def allows(
        self, layer: Layer, config: LayerConfig, *, weight: bool = True, activation: bool = True
    ) -> bool:
        """Whether some kernel takes this layer so.

        Args:
            layer: the layer.
            config: how it is quantised.
            weight: False when nobody has decided about the weight; it then counts as whatever a
                kernel wants.
            activation: likewise.
        """
        rule = self.rule(layer.kind)
        if rule is None:
            return self.other_kinds_in_float and config == LayerConfig()
        activation = activation and layer.has_input  # an input that nobody sees is not our matter
        return any(
            (not weight or pair.weight.allows(config.weight))
            and (not activation or pair.activation.allows(config.activation))
            for pair in rule.pairs
        )

    def words(self, layer: Layer) -> str:
        """What the profile takes for this layer, for people."""
        rule = self.rule(layer.kind)
        if rule is not None:
            return rule.words
        return "float alone" if self.other_kinds_in_float else f"no {layer.kind} at all"
