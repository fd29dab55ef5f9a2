"""What a sweep will cost, told before it starts."""

from collections.abc import Iterable

from analysis.layers import Layer
from analysis.sensitivity.points import Sensitivities


def planned_cells(layers: Iterable[Layer], *, weights: int, inputs: int) -> int:
    """Cells of a sweep of so many specs of each weight and of each input that was seen."""
    net = tuple(layers)
    return weights * len(net) + inputs * sum(layer.has_input for layer in net)


def expected_seconds(earlier: Sensitivities, cells: int, *, took: float) -> float | None:
    """Seconds that so many cells should take, judged by an earlier sweep of the same workload.

    Loading, choosing and scoring take what they took; the cells take their share.

    Args:
        earlier: the earlier sweep.
        cells: of the sweep to come.
        took: seconds from start to end of the earlier job.

    Returns:
        None when the earlier sweep did not measure all its cells, so that it has no pace.
    """
    complete = [point for point in earlier.points if point.complete]
    if not complete or len(complete) < len(earlier.setup.cells):
        return None
    measuring = earlier.cost.seconds
    return max(0.0, took - measuring) + cells * measuring / len(complete)
