"""What a recipe needs on a target: memory, time, energy, changes of precision."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import fsum

from analysis.errors import OptionError
from analysis.hardware.memory import peak_activation_bytes
from analysis.hardware.profile import HardwareProfile
from analysis.hardware.tables import CostTable, widths_of
from analysis.layers import Layer
from analysis.recipe import LayerConfig, Recipe


@dataclass(frozen=True, slots=True)
class HardwareCost:
    """Figures of one recipe for one sample; times and energies are those of the profile's tables.

    Attributes:
        profile: whose tables; None without one.
        peak_activation_bytes: see `memory.peak_activation_bytes` for what is modelled.
        latency_ms, energy_uj: None where the profile has no table, or its table no row for a width
            of the recipe.
        precision_changes: layers whose (weight, input) widths differ from the layer's before them
            in call order.
        widths: widths of the weights that are quantised, ascending.
    """

    profile: str | None
    peak_activation_bytes: int
    latency_ms: float | None
    energy_uj: float | None
    precision_changes: int
    widths: tuple[int, ...]


def hardware_cost(
    layers: Sequence[Layer],
    recipe: Recipe,
    profile: HardwareProfile | None = None,
    *,
    change_ms: float = 0.0,
) -> HardwareCost:
    """The figures of a recipe.

    Args:
        layers: in call order.
        recipe: layers it does not name stay in float.
        profile: whose tables to take.
        change_ms: what each of `precision_changes` costs besides.
    """
    latency = _known(profile.latency if profile is not None else None, layers, recipe)
    energy = _known(profile.energy if profile is not None else None, layers, recipe)
    changes = sum(1 for before, after in _pairs(layers, recipe) if before[1] != after[1])
    weights = [config.weight for _, config in _configs(layers, recipe)]
    return HardwareCost(
        profile=None if profile is None else profile.name,
        peak_activation_bytes=peak_activation_bytes(layers, recipe),
        latency_ms=None if latency is None else latency + change_ms * changes,
        energy_uj=energy,
        precision_changes=changes,
        widths=tuple(sorted({spec.bits for spec in weights if spec is not None})),
    )


def total_cost(table: CostTable, layers: Sequence[Layer], recipe: Recipe) -> float:
    """Time in ms or energy in µJ of all layers, changes of the inputs' width included.

    Raises:
        OptionError: the table has no row for a width of the recipe.
    """
    own = (table.layer(layer, config) for layer, config in _configs(layers, recipe))
    return fsum((*own, *(table.change(layer) for layer in boundaries(layers, recipe))))


def _known(table: CostTable | None, layers: Sequence[Layer], recipe: Recipe) -> float | None:
    """The total, or None where the table cannot tell."""
    try:
        return None if table is None else total_cost(table, layers, recipe)
    except OptionError:
        return None


def boundaries(layers: Sequence[Layer], recipe: Recipe) -> tuple[Layer, ...]:
    """Layers whose inputs have another width than those of the layer before them."""
    return tuple(after for (_, old), (after, new) in _pairs(layers, recipe) if old[1] != new[1])


def _configs(layers: Sequence[Layer], recipe: Recipe) -> Iterator[tuple[Layer, LayerConfig]]:
    for layer in layers:
        yield layer, recipe.layers.get(layer.name, LayerConfig())


def _pairs(
    layers: Sequence[Layer], recipe: Recipe
) -> Iterator[tuple[tuple[Layer, tuple[int, int]], tuple[Layer, tuple[int, int]]]]:
    """Neighbours in call order, each with its widths."""
    return pairwise((layer, widths_of(config)) for layer, config in _configs(layers, recipe))
