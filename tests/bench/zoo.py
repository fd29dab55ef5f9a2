"""Prepared zoo models: float figures, uniform widths, the recipe at average 4 bits, cost."""

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace

import torch

import analysis as qs
from analysis.allocation.allocate import allocate
from analysis.allocation.average import bytes_at
from analysis.allocation.budget import Budget
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.points import Sensitivities
from analysis.workloads.parts import cut_batches
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.cards import ZOO
from analysis.workloads.zoo.entries import STREAMED
from analysis.workloads.zoo.shelf import record_of
from tests.bench.engine import exact_sweep
from tests.bench.rows import Row
from tests.bench.streamed import streamed_rows

BITS = (2, 3, 4, 5, 6, 8)
UNIFORM = (8, 6, 4)
AVERAGE = 4.0
CONVOLUTIONAL = "efficientnet-lite0"
SKETCH_SECONDS, LOAD_SECONDS = 90.0, 10.0
"""Required of EfficientNet-Lite0's sketch, and of loading SmolLM2."""

EXACT_RATIO, EXACT_PHOTOS = 1.1, 8
"""Its exact sweep's FLOPs over the least; the ratio hardly depends on the number of photographs."""

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
    """All models that are prepared here, on one thread; the others are named on stderr."""
    torch.set_num_threads(1)
    rows: list[Row] = []
    for name in ZOO:
        if record_of(name) is None:
            sys.stderr.write(f"{name} is not prepared: {ZOO[name].command}\n")
            continue
        for row in _entry(name):
            sys.stderr.write(f"{row.name} {row.value:.4g} {row.unit}\n")
            rows.append(row)
    return rows


def _entry(name: str) -> Iterator[Row]:
    began = time.perf_counter()
    workload = qs.load_workload(name)
    limit = LOAD_SECONDS if name in STREAMED else None
    yield Row(f"{name}: loading", time.perf_counter() - began, "s", limit)
    result = Sensitivities.collect(qs.sweep(workload, bits=BITS, method="sketch"))
    required = SKETCH_SECONDS if name == CONVOLUTIONAL else None
    yield Row(f"{name}: sketch", result.cost.seconds, "s", required)
    yield from _figures(name, workload, result)
    if name == CONVOLUTIONAL:
        yield _exact(name, workload)
    if name in STREAMED:
        yield from streamed_rows(name, BITS)


def _exact(name: str, workload: Workload) -> Row:
    """FLOPs of the exact sweep on a few photographs."""
    few = next(iter(cut_batches(subject(workload).parts.sweep, EXACT_PHOTOS)))
    small = replace(workload, sweep=[few])
    ratio = exact_sweep(small, subject(small), BITS).flops
    return Row(f"{name}: exact, FLOPs over the minimum", ratio, "ratio", EXACT_RATIO)


def _figures(name: str, workload: Workload, result: Sensitivities) -> Iterator[Row]:
    """Every metric of each recipe on the evaluation part, and how far the float one is off."""
    card = ZOO[name].expected
    recipes = {f"uniform {width}-bit": _uniform(result, width) for width in UNIFORM}
    budget = Budget(weight_bytes=bytes_at(result, AVERAGE))
    recipes[f"mixed, average {AVERAGE:g} bits"] = allocate(result, budget).recipe
    scores = {label: qs.score(workload, recipe) for label, recipe in recipes.items()}
    found = {"float": dict(next(iter(scores.values())).reference)}
    for label, score in scores.items():
        found[label] = {metric: interval.value for metric, interval in score.actual.items()}
    for label, figures in found.items():
        for metric, value in figures.items():
            noted = _noted(name, label) if metric == card.metric else ""
            yield Row(f"{name}: {label}{noted}", value, metric)
    off = abs(found["float"][card.metric] - card.value)
    yield Row(f"{name}: float, off the card", off, card.metric, card.tolerance)


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
