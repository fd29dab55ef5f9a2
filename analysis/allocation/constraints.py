"""What a recipe must respect besides its budget, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Target

EVERY = "*"
"""Stands for all layers."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """Widths that some layers must not take.

    Attributes:
        where: name of a layer, a kind of layer such as ``Linear``, or ``*`` for all of them.
        bits: the widths.
        target: of the weights or of the inputs.
        pin: whether it stands for a pin of a layer, which leaves the layer one width.
    """

    where: str
    bits: tuple[int, ...]
    target: Target = "weight"
    pin: bool = False

    def covers(self, layer: Layer) -> bool:
        """Whether it is about this layer."""
        return self.where in (EVERY, layer.name, layer.kind)

    @property
    def whom(self) -> str:
        """Text for people."""
        if self.pin:
            return f"the pin of {self.where}"
        return "all layers" if self.where == EVERY else self.where

    def hits(self, layer: Layer, config: LayerConfig) -> bool:
        """Whether the layer must not be quantised so."""
        spec = config.weight if self.target == "weight" else config.activation
        return spec is not None and spec.bits in self.bits and self.covers(layer)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCost:
    """What it costs when a layer's (weight, input) widths differ from the layer's before it.

    "Before" is by call order. The costs count against limits on weight bytes (and average bits)
    and on latency; a cost whose quantity is not limited would have no effect and is refused.

    Attributes:
        weight_bytes: stored for a conversion, such as its code or its table.
        latency_ms: time of a conversion.
    """

    weight_bytes: int = 0
    latency_ms: float = 0.0

    def __post_init__(self) -> None:
        costs = (self.weight_bytes, self.latency_ms)
        if not all(0 <= cost < float("inf") for cost in costs) or not any(costs):
            raise OptionError(
                "A cost of precision changes needs positive bytes or milliseconds, not "
                f"{self.weight_bytes} bytes and {self.latency_ms} ms."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """Any subset of what must hold besides the budget.

    Attributes:
        pinned: layers that are decided already, with their decision group.
        forbidden: widths that layers or kinds of layers must not take.
        max_widths: most different widths of quantised weights in the recipe; weights that stay in
            float do not count.
        precision_change_cost: for each change of widths between layers in call order.
    """

    pinned: Mapping[str, LayerConfig] = field(default_factory=dict)
    forbidden: tuple[Forbidden, ...] = ()
    max_widths: int | None = None
    precision_change_cost: ChangeCost | None = None

    def __post_init__(self) -> None:
        if self.max_widths is not None and self.max_widths < 1:
            raise OptionError(
                f"A recipe has at least 1 width, so the most cannot be {self.max_widths}."
            )
