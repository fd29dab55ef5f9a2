"""Which of the swept options a target can run."""

from collections.abc import Iterable, Sequence

from analysis.errors import OptionError
from analysis.hardware.profile import HardwareProfile
from analysis.layers import Layer
from analysis.recipe import LayerConfig
from analysis.sensitivity.points import Cell


def masked_options(
    profile: HardwareProfile, layers: Sequence[Layer], cells: Iterable[Cell]
) -> tuple[Cell, ...]:
    """The cells whose spec some kernel takes, whatever the layer's other tensor is; in order.

    That is a first filter: a weight and an input that are each allowed may have no kernel in
    common, which `HardwareProfile.allows` tells for the two together.

    Raises:
        OptionError: a cell belongs to no layer.
    """
    known = {layer.name: layer for layer in layers}
    return tuple(cell for cell in cells if _allowed(profile, known, cell))


def _allowed(profile: HardwareProfile, known: dict[str, Layer], cell: Cell) -> bool:
    layer = known.get(cell.layer)
    if layer is None:
        raise OptionError(
            f"A cell must belong to a layer of the network, and {cell.layer!r} is none."
        )
    weight = cell.target == "weight"
    config = LayerConfig(weight=cell.spec) if weight else LayerConfig(activation=cell.spec)
    return profile.allows(layer, config, weight=weight, activation=not weight)
