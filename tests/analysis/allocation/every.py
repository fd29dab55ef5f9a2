"""All recipes of a small sweep, with what they cost, to compare answers with."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, product

from analysis.allocation.budget import Choice
from analysis.allocation.options import decision_groups, recipe_of
from analysis.allocation.predict import to_choice
from analysis.hardware.figures import HardwareCost, hardware_cost
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities


@dataclass(frozen=True)
class Tried:
    """One recipe."""

    choice: Choice
    figures: HardwareCost

    @property
    def divergence(self) -> float:
        return self.choice.predicted.divergence

    @property
    def stored(self) -> int:
        return self.choice.cost.weight_bytes


def every(
    result: Sensitivities, profile: HardwareProfile | None = None, change_ms: float = 0.0
) -> list[Tried]:
    """Every combination of measured options that keeps input groups together."""
    return list(_every(result, profile, change_ms))


def _every(
    result: Sensitivities, profile: HardwareProfile | None, change_ms: float
) -> Iterator[Tried]:
    groups = decision_groups(result, {})
    for picks in product(*(range(len(group.options)) for group in groups)):
        recipe = recipe_of(result, groups, picks, "any")
        if not split(result, recipe):
            figures = hardware_cost(result.layers, recipe, profile, change_ms=change_ms)
            yield Tried(to_choice(result, recipe), figures)


def split(result: Sensitivities, recipe: Recipe) -> bool:
    """Whether layers of one input group take different activation specs."""
    taken: dict[str, set[object]] = {}
    for layer in result.layers:
        if layer.input_group is not None:
            config = recipe.layers[layer.name]
            taken.setdefault(layer.input_group, set()).add(config.activation)
    return any(len(specs) > 1 for specs in taken.values())


def changes(recipe: Recipe) -> int:
    """Layers whose (weight, input) widths differ from the layer's before, counted afresh."""
    widths = [
        (c.weight.bits if c.weight else 32, c.activation.bits if c.activation else 32)
        for c in recipe.layers.values()
    ]
    return sum(a != b for a, b in pairwise(widths))


def bits(recipe: Recipe) -> list[int | None]:
    """Widths of the weights."""
    return [c.weight.bits if c.weight else None for c in recipe.layers.values()]


def regrouped(
    result: Sensitivities,
    *,
    groups: dict[int, str] | None = None,
    inputs: dict[int, str] | None = None,
) -> Sensitivities:
    """The sweep with some layers in named decision groups or input groups."""
    layers = tuple(
        replace(
            layer,
            group=(groups or {}).get(place, layer.group),
            input_group=(inputs or {}).get(place, layer.input_group),
        )
        for place, layer in enumerate(result.layers)
    )
    return replace(result, setup=replace(result.setup, layers=layers))


def pinned_everywhere(result: Sensitivities, config: LayerConfig) -> dict[str, LayerConfig]:
    """Every layer at one config."""
    return {layer.name: config for layer in result.layers}
