"""What each decision group may take, and what that costs and does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.allocation.cells import Measured, kernels, measured, members, own_label, spec_of
from analysis.allocation.coupling import FREE, Links
from analysis.allocation.kept import kept
from analysis.allocation.linking import check_common, components, shared_pins
from analysis.allocation.locks import Pins, pinned
from analysis.allocation.narrowing import OPEN, Narrowing
from analysis.cost import layer_bops, weight_bytes
from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
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
        links: groups that must take one activation spec; None where there are none.
    """

    starts: NDArray[np.int64]
    weight_bytes: NDArray[np.float64]
    bops: NDArray[np.float64]
    divergence: NDArray[np.float64]
    links: Links | None = None

    @classmethod
    def of(cls, groups: Sequence[Group]) -> Self:
        """The options of the groups as arrays."""
        options = [option for group in groups for option in group.options]
        return cls(
            starts=np.cumsum([0, *(len(group.options) for group in groups)]),
            weight_bytes=np.array([option.weight_bytes for option in options], float),
            bops=np.array([option.bops for option in options], float),
            divergence=np.array([option.divergence for option in options], float),
            links=_links(groups),
        )


def _links(groups: Sequence[Group]) -> Links | None:
    """Groups whose inputs belong together, and the activation spec of each option."""
    names: dict[str, int] = {}
    labels: list[int] = []
    rows: list[tuple[int, str]] = []
    for place, group in enumerate(groups):
        taken = [_input_label(option) for option in group.options]
        free = not any(taken)
        labels += [FREE if free else names.setdefault(label, len(names)) for label in taken]
        if not free:
            rows += [(place, layer.input_group) for layer in group.layers if layer.input_group]
    found = components(rows)
    if not found:
        return None
    return Links(np.array(labels, np.int64), tuple(np.array(row, np.int64) for row in found))


def _input_label(option: Option) -> str:
    """Kernel of the option's inputs; empty where it leaves them in float."""
    specs = (config.activation for config in option.configs)
    return next((spec.kernel for spec in specs if spec is not None), "")


def decision_groups(
    result: Sensitivities, locked: Mapping[str, LayerConfig], narrowing: Narrowing = OPEN
) -> tuple[Group, ...]:
    """Decision groups in call order with every option the sweep has measured.

    Where weights and activations were swept, an option is a pair of specs, its divergence the sum
    of both. A tensor the sweep does not cover stays in float. A lock pins its whole group, and
    the inputs of groups that are linked to it (`Layer.input_group`).

    Args:
        result: a sweep, finished or not.
        locked: layers that are decided already.
        narrowing: what hardware and the user leave of the options.

    Raises:
        OptionError: a lock names an unknown layer or a spec that was not measured, a layer has no
            measured option yet, or nothing is left of its options.
    """
    if not locked and narrowing == OPEN:
        return _open_groups(result)
    return _groups(result, locked, narrowing)


@kept
def _open_groups(result: Sensitivities) -> tuple[Group, ...]:
    return _groups(result, {}, OPEN)


def _groups(
    result: Sensitivities, locked: Mapping[str, LayerConfig], narrowing: Narrowing
) -> tuple[Group, ...]:
    points = measured(result)
    pins = pinned(result, locked, points)
    inputs = shared_pins(_linked(result, points, narrowing), pins)
    groups = tuple(
        Group(layers[0].group, layers, tuple(_options(layers, points, pins, inputs, narrowing)))
        for layers in members(result)
    )
    missing = sum(len(group.layers) for group in groups if not group.options)
    if missing:
        raise OptionError(
            f"The sweep is not far enough to choose from: {missing} of {len(result.layers)} "
            "layers have no measured option yet; let the sweep go on and try again."
        )
    left = tuple(_left(group, points, pins, narrowing) for group in groups)
    links = _links(left)
    if links is not None:
        check_common(links, [(group.name, len(group.options)) for group in left])
    return left


def _linked(
    result: Sensitivities, points: Measured, narrowing: Narrowing
) -> tuple[tuple[str, ...], ...]:
    """Names of decision groups whose swept inputs belong together."""
    rows = (
        (layer.group, layer.input_group)
        for layer in result.layers
        if layer.input_group is not None and (layer.name, "activation") in points
        if not narrowing.in_float(layer)
    )
    return components(rows)


def _left(group: Group, points: Measured, pins: Pins, narrowing: Narrowing) -> Group:
    """The group with the options that hardware and the user leave.

    Raises:
        OptionError: there are none.
    """
    swept = [
        ((layer.name, "weight") in points, (layer.name, "activation") in points)
        for layer in group.layers
    ]
    options = narrowing.left(group.layers, [option.configs for option in group.options], swept)
    if not options:
        configs = [option.configs for option in group.options]
        raise narrowing.refusal(group.layers, configs, swept, pinned=group.name in pins)
    return replace(group, options=tuple(group.options[place] for place in options))


def _options(
    layers: Sequence[Layer],
    points: Measured,
    pins: Pins,
    inputs: Mapping[str, str | None],
    narrowing: Narrowing,
) -> Iterator[Option]:
    """The options of one group: pairs of kernels that all its layers have in common."""
    name = layers[0].group
    pin = pins.get(name)
    weights: Sequence[Labels]
    activations: Sequence[Labels]
    if pin is not None:
        weights = [_pinned(layers, "weight", pin.weight, points)]
        activations = [_pinned(layers, "activation", pin.activation, points)]
    elif any(narrowing.in_float(layer) for layer in layers):
        weights, activations = [_float(layers)], [_float(layers)]
    else:
        weights = _labels(layers, "weight", points)
        activations = _labels(layers, "activation", points)
        if name in inputs:
            known = [*activations, _float(layers)]
            activations = [labels for labels in known if _kernel(labels) == inputs[name]][:1]
    for pair in product(weights, activations):
        rows = [_member(*member, points) for member in zip(layers, *pair, strict=True)]
        configs, stored, bops, divergences = zip(*rows, strict=True)
        yield Option(configs, sum(stored), sum(bops), sum(divergences))


Labels = tuple[str | None, ...]
"""Of each layer of a group the label of its spec; None is float."""


def _float(layers: Sequence[Layer]) -> Labels:
    return (None,) * len(layers)


def _kernel(labels: Labels) -> str | None:
    return next((spec_of(label).kernel for label in labels if label is not None), None)


def _pinned(
    layers: Sequence[Layer], target: Target, spec: QuantSpec | None, points: Measured
) -> Labels:
    """What a pin means for each layer of its group."""
    if spec is None:
        return _float(layers)
    return tuple(own_label(points.get((layer.name, target), {}), spec) for layer in layers)


def _labels(layers: Sequence[Layer], target: Target, points: Measured) -> Sequence[Labels]:
    """For each kernel measured on every layer that the sweep covers, what each layer takes."""
    found = [points.get((layer.name, target)) for layer in layers]
    tables = [None if known is None else kernels(known) for known in found]
    covered = [table for table in tables if table is not None]
    if not covered:
        return [_float(layers)]
    return [
        tuple(None if table is None else table[kernel] for table in tables)
        for kernel in covered[0]
        if all(kernel in table for table in covered)
    ]


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
