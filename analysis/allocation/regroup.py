"""Decision groups edited by hand."""

from collections.abc import Mapping
from dataclasses import replace

from analysis.errors import OptionError
from analysis.sensitivity.points import Sensitivities

_NOTHING: Mapping[str, str | None] = {}


def regroup(
    result: Sensitivities,
    groups: Mapping[str, str],
    *,
    inputs: Mapping[str, str | None] = _NOTHING,
) -> Sensitivities:
    """The same sweep with other decision groups; what was measured stays.

    Args:
        result: a sweep.
        groups: layer to the name of its decision group; its own name makes it stand alone.
        inputs: layer to the name of its input group; None takes it out of any.

    Raises:
        OptionError: a layer is unknown, or an input group is given to a layer whose input was
            never seen.
    """
    layers = {layer.name: layer for layer in result.layers}
    for name in (*groups, *inputs):
        if name not in layers:
            raise OptionError(
                f"A group must be made of layers of {result.setup.workload!r}, and {name!r} is "
                "none; take the names from the sweep's layers."
            )
    for name, group in inputs.items():
        if group is not None and not layers[name].has_input:
            raise OptionError(
                f"The input of {name!r} was never seen and is not quantised, so it cannot join "
                f"the input group {group!r}; leave it out."
            )
    edited = tuple(
        replace(
            layer,
            group=groups.get(layer.name, layer.group),
            input_group=inputs.get(layer.name, layer.input_group),
        )
        for layer in result.layers
    )
    return replace(result, setup=replace(result.setup, layers=edited))
