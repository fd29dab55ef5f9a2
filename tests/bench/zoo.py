"""Prepared zoo models: the float figure, uniform widths, the recipe at average 4 bits, speed."""

import sys
import time
from collections.abc import Mapping

import analysis as qs
from analysis.allocation.allocate import allocate
from analysis.allocation.average import bytes_at
from analysis.allocation.budget import Budget
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.cards import ZOO
from analysis.workloads.zoo.shelf import record_of
from tests.bench.rows import Row

BITS = (2, 3, 4, 5, 6, 8)
UNIFORM = (8, 6, 4)
AVERAGE = 4.0
SKETCH_SECONDS, LOAD_SECONDS = 90.0, 10.0
"""Required of EfficientNet-Lite0's sketch, and of loading SmolLM2."""

NOTED: Mapping[tuple[str, str], float] = {
    ("efficientnet-lite0", "float"): 0.835,
    ("efficientnet-lite0", "uniform 8-bit"): 0.857,
    ("efficientnet-lite0", "uniform 6-bit"): 0.835,
    ("efficientnet-lite0", "uniform 4-bit"): 0.165,
    ("minilm-l6", "float"): 0.923,
    ("smollm2", "float"): 48.9,
    ("smollm2", "uniform 8-bit"): 49.2,
    ("smollm2", "uniform 6-bit"): 51.0,
    ("smollm2", "uniform 4-bit"): 98.4,
    ("movielens-ncf", "float"): 0.92,
}
"""Figures of the design, of its own choice of samples and quantiser."""


def measure() -> list[Row]:
    """All models that are prepared here; the others are named on stderr."""
    rows: list[Row] = []
    for name in ZOO:
        if record_of(name) is None:
            sys.stderr.write(f"{name} is not prepared: {ZOO[name].command}\n")
            continue
        sys.stderr.write(f"measuring {name} …\n")
        rows += _entry(name)
    return rows


def _entry(name: str) -> list[Row]:
    began = time.perf_counter()
    workload = qs.load_workload(name)
    loading = time.perf_counter() - began
    sweep = qs.sweep(workload, bits=BITS, method="sketch")
    result = Sensitivities.collect(sweep)
    required = SKETCH_SECONDS if name == "efficientnet-lite0" else None
    limit = LOAD_SECONDS if name == "smollm2" else None
    return [
        Row(f"{name}: loading", loading, "s", limit),
        Row(f"{name}: sketch", result.cost.seconds, "s", required),
        *_figures(name, workload, result),
    ]


def _figures(name: str, workload: Workload, result: Sensitivities) -> list[Row]:
    """The metric of each recipe on the evaluation part, and how far the float figure is off."""
    card = ZOO[name].expected
    recipes = {f"uniform {width}-bit": _uniform(result, width) for width in UNIFORM}
    budget = Budget(weight_bytes=bytes_at(result, AVERAGE))
    recipes[f"mixed, average {AVERAGE:g} bits"] = allocate(result, budget).recipe
    scores = {label: qs.score(workload, recipe) for label, recipe in recipes.items()}
    metric = workload.metric
    assert metric is not None  # every zoo model has one
    found = {"float": next(iter(scores.values())).reference[metric.name]}
    found |= {label: one.actual[metric.name].value for label, one in scores.items()}
    rows = [Row(f"{name}: {k}{_noted(name, k)}", v, metric.name) for k, v in found.items()]
    off = abs(found["float"] - card.value)
    return [*rows, Row(f"{name}: float, off the card", off, metric.name, card.tolerance)]


def _noted(name: str, label: str) -> str:
    known = NOTED.get((name, label))
    return "" if known is None else f" (design {known:g})"


def _uniform(result: Sensitivities, width: int) -> Recipe:
    """Every swept weight at one width."""
    layers = {
        layer.name: LayerConfig(point.cell.spec)
        for layer in result.layers
        if (point := result.point(layer.name, "weight", width)) is not None
    }
    return Recipe(layers, result.setup.workload, result.setup.fingerprint)
