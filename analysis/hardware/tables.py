"""What a layer costs in time or energy: so much a MAC, a byte, a layer, a change of precision."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from analysis.cost import FLOAT_BITS, weight_bytes
from analysis.errors import OptionError
from analysis.hardware.memory import activation_bytes
from analysis.hardware.rules import STRICT
from analysis.layers import Layer
from analysis.recipe import LayerConfig

Unit = Literal["ns", "pJ"]
PER_LARGE_UNIT = 1e6
"""Nanoseconds in a millisecond, picojoules in a microjoule."""

Basis = Literal["model, not measured", "published per operation, summed by a model", "measured"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MacRow:
    """Cost of one MAC at these widths.

    Of several rows that fit, one that names the kind goes first, then one that names more widths.

    Attributes:
        weight_bits, activation_bits: 32 stands for float; None for any width, float included.
        kinds: of layers the row is about; empty for all.
    """

    __pydantic_config__: ClassVar = STRICT

    cost: float
    weight_bits: int | None = None
    activation_bits: int | None = None
    kinds: tuple[str, ...] = ()

    def fits(self, kind: str, weight_bits: int, activation_bits: int) -> bool:
        """Whether the row is about such a layer."""
        return (
            self.weight_bits in (None, weight_bits)
            and self.activation_bits in (None, activation_bits)
            and (not self.kinds or kind in self.kinds)
        )

    @property
    def closeness(self) -> tuple[bool, int]:
        """How much the row names."""
        named = (self.weight_bits is not None) + (self.activation_bits is not None)
        return bool(self.kinds), named


@dataclass(frozen=True, slots=True, kw_only=True)
class BitProduct:
    """Cost of one MAC where the widths have no row: fixed + per_product * weight * input bits.

    The cells of an array multiplier grow with the product of the widths. Float (32) is not
    covered: it has a row, or none.
    """

    __pydantic_config__: ClassVar = STRICT

    fixed: float
    per_product: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTable:
    """Time or energy of a layer, in small units (ns or pJ).

    A layer costs MACs * (its row) + stored weight bytes * per_weight_byte + (input + output bytes)
    * per_activation_byte + per_layer. Each time the width of the inputs changes from one layer to
    the next in call order, per_change + (input values of the next layer) * per_changed_value come
    on top.

    Attributes:
        basis: how far to trust it; "model, not measured" where nobody timed these kernels.
        source: where the figures come from, in words.
        references: where they can be read.
        assumed: what nobody published and is only assumed here.
        product: for widths without a row; None leaves them without a cost.
    """

    __pydantic_config__: ClassVar = STRICT

    unit: Unit
    basis: Basis
    source: str
    references: tuple[str, ...] = ()
    assumed: str = ""
    rows: tuple[MacRow, ...] = ()
    product: BitProduct | None = None
    per_weight_byte: float = 0.0
    per_activation_byte: float = 0.0
    per_layer: float = 0.0
    per_change: float = 0.0
    per_changed_value: float = 0.0

    def __post_init__(self) -> None:
        if not self.rows and self.product is None:
            raise OptionError("A cost table needs rows for MACs, or a bit product; add one.")

    def mac(self, kind: str, weight_bits: int, activation_bits: int) -> float | None:
        """Cost of one MAC, or None where the table does not say."""
        found = [row for row in self.rows if row.fits(kind, weight_bits, activation_bits)]
        if found:
            return max(found, key=lambda row: row.closeness).cost
        if self.product is None or FLOAT_BITS in (weight_bits, activation_bits):
            return None
        return self.product.fixed + self.product.per_product * weight_bits * activation_bits

    def layer(self, layer: Layer, config: LayerConfig) -> float:
        """Cost of one layer in large units (ms or µJ), without changes of precision.

        Raises:
            OptionError: the table has no row for these widths.
        """
        widths = widths_of(config)
        mac = self.mac(layer.kind, *widths)
        if mac is None:
            raise OptionError(
                f"The table of {'time' if self.unit == 'ns' else 'energy'} must have a row for "
                f"{_width(widths[0])} weights with {_width(widths[1])} inputs, which "
                f"{layer.name!r} ({layer.kind}) may take, and has none; add the row, forbid that "
                "width, or lift the limit."
            )
        moved = activation_bytes(layer, config) * self.per_activation_byte
        stored = weight_bytes(layer, config.weight) * self.per_weight_byte
        return (layer.macs * mac + stored + moved + self.per_layer) / PER_LARGE_UNIT

    def change(self, after: Layer) -> float:
        """Cost, in large units, of another input width at this layer than at the one before."""
        return (self.per_change + after.input_size * self.per_changed_value) / PER_LARGE_UNIT


def widths_of(config: LayerConfig) -> tuple[int, int]:
    """Weight and input width; 32 for what stays in float."""
    weight = config.weight.bits if config.weight is not None else FLOAT_BITS
    activation = config.activation.bits if config.activation is not None else FLOAT_BITS
    return weight, activation


def _width(bits: int) -> str:
    return "float" if bits == FLOAT_BITS else f"{bits}-bit"
