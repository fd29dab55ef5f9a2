"""What a sweep will cost, told before it starts."""

from collections.abc import Iterable

from analysis.layers import Layer
from analysis.sensitivity.points import Sensitivities, Targets


def planned_cells(layers: Iterable[Layer], widths: int, target: Targets) -> int:
    """Cells of a sweep over so many widths; an input that was not seen has none."""
    net = tuple(layers)
    weights = len(net) if target != "activation" else 0
    inputs = sum(layer.has_input for layer in net) if target != "weight" else 0
    return widths * (weights + inputs)


def expected_seconds(earlier: Sensitivities, cells: int) -> float | None:
    """Seconds that so many cells would take at the pace of an earlier sweep of the same workload.

    None when the earlier sweep was not measured to its end, so that it has no pace.
    """
    complete = [point for point in earlier.points if point.complete]
    if not complete or len(complete) < len(earlier.setup.cells):
        return None
    return cells * earlier.cost.seconds / len(complete)
