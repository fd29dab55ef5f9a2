"""A sweep run to its end, with the raw figures that a decision also takes."""

from analysis.sensitivity.points import CellSamples, Sensitivities
from analysis.sensitivity.sweep import Sweep


def collected(work: Sweep) -> tuple[Sensitivities, list[CellSamples]]:
    """What a sweep measured, its last word on each cell, and all its raw figures."""
    pairs = list(work.measurements())
    points = {point.cell: point for _, point in pairs}
    result = Sensitivities.assemble(work.setup, points.values(), work.cost)
    return result, [row for row, _ in pairs]
