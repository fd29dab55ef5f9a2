"""The measured cells of a sweep, ready to be looked up."""

from collections.abc import Mapping
from functools import cache
from math import isfinite

from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities, SweepPoint, Target

Measured = Mapping[tuple[str, Target], Mapping[str, SweepPoint]]
"""Layer and target to label to point; empty for a tensor that is to be swept and is not yet."""


@cache
def spec_of(label: str) -> QuantSpec:
    """`QuantSpec.parse`, remembered: a sweep repeats few labels many times."""
    return QuantSpec.parse(label)


def measured(result: Sensitivities) -> Measured:
    """Every tensor the sweep covers, with the points that are in so far.

    A point whose divergence is not finite (the output overflowed) cannot be chosen or added up
    and counts as not measured.
    """
    found: dict[tuple[str, Target], dict[str, SweepPoint]] = {
        (cell.layer, cell.target): {} for cell in result.setup.cells
    }
    for point in filter(lambda point: isfinite(point.divergence), result.points):
        found[point.layer, point.target][point.label] = point
    return found


def members(result: Sensitivities) -> tuple[tuple[Layer, ...], ...]:
    """Layers by decision group, in call order."""
    groups: dict[str, list[Layer]] = {}
    for layer in result.layers:
        groups.setdefault(layer.group, []).append(layer)
    return tuple(map(tuple, groups.values()))


def swept_specs(result: Sensitivities, target: Target) -> tuple[QuantSpec, ...]:
    """The specs the sweep tries on weights, or on activations, narrowest first."""
    labels = {cell.label for cell in result.setup.cells if cell.target == target}
    return tuple(sorted(map(spec_of, labels), key=lambda spec: (spec.bits, spec.label)))


def quantised(config: LayerConfig) -> tuple[tuple[Target, QuantSpec], ...]:
    """The tensors a config quantises, and how."""
    pairs: tuple[tuple[Target, QuantSpec | None], ...] = (
        ("weight", config.weight),
        ("activation", config.activation),
    )
    return tuple((target, spec) for target, spec in pairs if spec is not None)
