"""Layers the user has decided already."""

from collections.abc import Mapping

from analysis.allocation.cells import Measured, own_label, quantised
from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Sensitivities

Pins = Mapping[str, LayerConfig]
"""Decision group to the config all its layers take."""


def pinned(result: Sensitivities, locked: Mapping[str, LayerConfig], points: Measured) -> Pins:
    """The groups that are decided by locks on their layers.

    Float (None) is always allowed; any other spec must have been measured on each layer of the
    group that the sweep covers.

    Raises:
        OptionError: an unknown layer, a spec that was not measured, or two locks in one group
            that differ.
    """
    layers = {layer.name: layer for layer in result.layers}
    unknown = sorted(set(locked) - set(layers))
    if unknown:
        raise OptionError(
            f"A lock must name a layer of {result.setup.workload!r}, not {unknown[0]!r}; "
            "take the names from the sweep's layers."
        )
    pins: dict[str, LayerConfig] = {}
    for name, config in locked.items():
        group = layers[name].group
        if not _alike(pins.setdefault(group, config), config):
            raise OptionError(
                f"Layers of one decision group take the same option, but {name!r} is locked "
                f"differently from another layer of {group!r}; lock them alike."
            )
        _check(layers[name], config, points, itself=True)
    for layer in result.layers:
        if layer.group in pins:
            _check(layer, pins[layer.group], points, itself=False)
    return pins


def _alike(one: LayerConfig, other: LayerConfig) -> bool:
    """Whether one kernel serves both."""
    pairs = [{t: spec.kernel for t, spec in quantised(config)} for config in (one, other)]
    return pairs[0] == pairs[1]


def _check(layer: Layer, config: LayerConfig, points: Measured, *, itself: bool) -> None:
    """Refuse a spec without a measurement; a group's other layers may lack the tensor."""
    for target, spec in quantised(config):
        known = points.get((layer.name, target))
        label = None if known is None else spec.label if itself else own_label(known, spec)
        if (known is None and itself) or (known is not None and label not in known):
            raise OptionError(
                f"The {target} of {layer.name!r} cannot be locked to {spec.label!r}, which was "
                "not measured; choose a swept spec, or float."
            )
