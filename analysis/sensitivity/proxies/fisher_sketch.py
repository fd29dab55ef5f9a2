"""The sweep's own sketch, computed like any proxy so that it can stand beside them."""

import numpy as np

from analysis.sensitivity.draw import draw_samples
from analysis.sensitivity.exact import chunk_size
from analysis.sensitivity.float_run import run_float
from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.ground import Ground
from analysis.sensitivity.proxies.weight_error import Figures
from analysis.sensitivity.sketch import SketchStage, sketch_size


def fisher_sketch(ground: Ground) -> Figures:
    """Second-order divergence of each cell; with the sweep's seed, the figure of its sketch.

    Raises:
        ModelError: the model allows no backward pass.
    """
    made, seed = ground.subject, ground.seed
    found = run_float(made, chunk_size(made.layers))
    draw = draw_samples(found.impurity, sketch_size(found.samples), seed)
    stage = SketchStage(
        made, {}, found.scale, found.samples, seed, ground.weights, ground.cells, draw
    )
    rows: dict[Cell, list[float]] = {}
    for number, start in enumerate(stage.starts):
        ground.watch(number / len(stage.starts))
        for samples in stage.measure(start, ground.cells):
            rows.setdefault(samples.cell, []).extend(samples.divergence.tolist())
    return {"fisher_sketch": {cell: float(np.mean(values)) for cell, values in rows.items()}}
