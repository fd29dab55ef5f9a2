"""What a hardware profile leaves of a sweep, and whether it runs a recipe."""

from dataclasses import replace

from analysis.hardware.masks import masked_options
from analysis.hardware.profile import HardwareProfile
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities


def on_hardware(result: Sensitivities, profile: HardwareProfile | None) -> Sensitivities:
    """The sweep with those cells alone that some kernel takes; layers it runs in float have none.

    A weight and an input that are each taken may have no kernel in common: see `runs_on`.
    """
    if profile is None:
        return result
    kept = masked_options(profile, result.layers, result.setup.cells)
    taken = frozenset(kept)
    points = tuple(point for point in result.points if point.cell in taken)
    return replace(result, setup=replace(result.setup, cells=kept), points=points)


def runs_on(profile: HardwareProfile | None, result: Sensitivities, recipe: Recipe) -> bool:
    """Whether kernels take every layer so; a tensor that was not swept counts as what they want."""
    if profile is None:
        return True
    swept = {(cell.layer, cell.target) for cell in result.setup.cells}
    return all(
        profile.allows(
            layer,
            recipe.layers.get(layer.name, LayerConfig()),
            weight=(layer.name, "weight") in swept,
            activation=(layer.name, "activation") in swept,
        )
        for layer in result.layers
    )
