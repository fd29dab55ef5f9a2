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


def kernels(found: Mapping[str, SweepPoint]) -> Mapping[str, str]:
    """What a kernel must know of each swept spec of one tensor, and the label of that spec.

    Layers that must be alike take one kernel each at its own ranges and rounding. Where several
    labels of a tensor share a kernel, each label stands for itself.
    """
    names: dict[str, list[str]] = {}
    for label in found:
        names.setdefault(spec_of(label).kernel, []).append(label)
    return {
        kernel if len(labels) == 1 else label: label
        for kernel, labels in names.items()
        for label in labels
    }


def own_label(found: Mapping[str, SweepPoint], spec: QuantSpec) -> str | None:
    """The spec itself where it was measured, else the one that was with the same kernel."""
    return spec.label if spec.label in found else kernels(found).get(spec.kernel)


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
