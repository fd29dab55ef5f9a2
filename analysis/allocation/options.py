"""What each decision group may take, and what that costs and does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.allocation.cells import Measured, measured, members, spec_of
from analysis.allocation.locks import Pins, pinned
from analysis.cost import layer_bops, weight_bytes
from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities, Target


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a decision group may take.

    Attributes:
        configs: one for each layer of the group, in its order.
        weight_bytes, bops: of the whole group.
        divergence: sum of the measured single-layer divergences.
    """

    configs: tuple[LayerConfig, ...]
    weight_bytes: int
    bops: int
    divergence: float


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that share one decision, and the options they have."""

    name: str
    layers: tuple[Layer, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """All options in one row after another, the options of a group side by side.

    Attributes:
        starts: int64, (groups + 1): where the options of each group begin.
        weight_bytes, bops, divergence: float64, (options). Bytes and BOPs are whole numbers
            below 2^53, so float64 holds them exactly.
    """

    starts: NDArray[np.int64]
    weight_bytes: NDArray[np.float64]
    bops: NDArray[np.float64]
    divergence: NDArray[np.float64]

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self:
        """The options of the groups as arrays."""
        options = [option for group in groups for option in group.options]
        return cls(
            starts=np.cumsum([0, *(len(group.options) for group in groups)]),
            weight_bytes=np.array([option.weight_bytes for option in options], float),
            bops=np.array([option.bops for option in options], float),
            divergence=np.array([option.divergence for option in options], float),
        )


def decision_groups(result: Sensitivities, locked: Mapping[str, LayerConfig]) -> tuple[Group, ...]:
    """Decision groups in call order with every option the sweep has measured.

    Where weights and activations were swept, an option is a pair of specs, its divergence the sum
    of both. A tensor the sweep does not cover stays in float. A lock pins its whole group.

    Raises:
        OptionError: a lock names an unknown layer or a spec that was not measured, or a layer has
            no measured option yet.
    """
    points = measured(result)
    pins = pinned(result, locked, points)
    groups = tuple(
        Group(layers[0].group, layers, tuple(_options(layers, points, pins)))
        for layers in members(result)
    )
    missing = sum(len(group.layers) for group in groups if not group.options)
    if missing:
        raise OptionError(
            f"The sweep is not far enough to choose from: {missing} of {len(result.layers)} "
            "layers have no measured option yet; let the sweep go on and try again."
        )
    return groups


def _options(layers: Sequence[Layer], points: Measured, pins: Pins) -> Iterator[Option]:
    """The options of one group: pairs of labels that all its layers have in common."""
    pin = pins.get(layers[0].group)
    if pin is None:
        weights = _labels(layers, "weight", points)
        activations = _labels(layers, "activation", points)
    else:
        weights = [pin.weight.label if pin.weight else None]
        activations = [pin.activation.label if pin.activation else None]
    for pair in product(weights, activations):
        rows = [_member(layer, *pair, points) for layer in layers]
        configs, stored, bops, divergences = zip(*rows, strict=True)
        yield Option(configs, sum(stored), sum(bops), sum(divergences))


def _labels(layers: Sequence[Layer], target: Target, points: Measured) -> Sequence[str | None]:
    """Labels measured on every layer of the group that the sweep covers; None is float."""
    covered = [points[layer.name, target] for layer in layers if (layer.name, target) in points]
    if not covered:
        return [None]
    return [label for label in covered[0] if all(label in others for others in covered)]


def _member(
    layer: Layer, weight: str | None, activation: str | None, points: Measured
) -> tuple[LayerConfig, int, int, float]:
    """Config, bytes, BOPs and divergence of one layer; what the sweep leaves out stays in float."""
    divergence = 0.0
    weights = points.get((layer.name, "weight"))
    activations = points.get((layer.name, "activation"))
    if weight is not None and weights is not None:
        divergence += weights[weight].divergence
    if activation is not None and activations is not None:
        divergence += activations[activation].divergence
    config = LayerConfig(
        weight=spec_of(weight) if weight is not None and weights is not None else None,
        activation=spec_of(activation) if activation and activations is not None else None,
    )
    return config, weight_bytes(layer, config.weight), layer_bops(layer, config), divergence


def recipe_of(
    result: Sensitivities, groups: Sequence[Group], picks: Sequence[int], name: str
) -> Recipe:
    """The recipe that gives each group the picked option; layers in call order."""
    chosen = {
        layer.name: config
        for group, pick in zip(groups, picks, strict=True)
        for layer, config in zip(group.layers, group.options[pick].configs, strict=True)
    }
    return Recipe(
        layers={layer.name: chosen[layer.name] for layer in result.layers},
        workload=result.setup.workload,
        fingerprint=result.setup.fingerprint,
        name=name,
    )
