"""Prepared zoo models: float figures, uniform widths, decided recipes at average 4 bits, cost."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch

import analysis as qs
from analysis.allocation.average import bytes_at
from analysis.allocation.budget import Budget
from analysis.decide import Deciding
from analysis.decision.values import Decision
from analysis.quant.spec import QuantSpec
from analysis.recipe import LayerConfig, Recipe
from analysis.runs.choosing import EVALUATIONS
from analysis.scores import Score
from analysis.sensitivity.families import WEIGHT_FAMILIES
from analysis.sensitivity.interactions import interactions_of
from analysis.sensitivity.options import SweepKeywords
from analysis.sensitivity.points import CellSamples, Sensitivities
from analysis.workloads.parts import cut_batches
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.cards import ZOO
from analysis.workloads.zoo.entries import STREAMED
from analysis.workloads.zoo.shelf import record_of
from tests.bench.collected import collected
from tests.bench.engine import exact_sweep
from tests.bench.rows import Row
from tests.bench.streamed import streamed_rows

BITS = (2, 3, 4, 5, 6, 8)
UNIFORM = (8, 6, 4)
AVERAGE = 4.0
CONVOLUTIONAL = "efficientnet-lite0"
SKETCH_SECONDS, LOAD_SECONDS = 90.0, 10.0
"""Required of EfficientNet-Lite0's sketch, and of loading SmolLM2."""

CHOSEN = ("silero-vad", "movielens-ncf")
"""Of which quantisers are chosen too; the larger nets take half an hour and more for that."""

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


@dataclass(frozen=True)
class Swept:
    """A sketch, with the raw figures that a decision also takes."""

    workload: Workload
    result: Sensitivities
    rows: Sequence[CellSamples]

    @classmethod
    def of(cls, workload: Workload, families: Sequence[QuantSpec] = ()) -> Self:
        """Sweep the weights at all widths; within families the best quantiser is chosen."""
        options = SweepKeywords(bits=BITS, method="sketch")
        if families:
            options |= SweepKeywords(weight_scheme="best", weight_families=families)
        return cls(workload, *collected(qs.sweep(workload, **options)))


def _entry(name: str) -> Iterator[Row]:
    began = time.perf_counter()
    workload = qs.load_workload(name)
    limit = LOAD_SECONDS if name in STREAMED else None
    yield Row(f"{name}: loading", time.perf_counter() - began, "s", limit)
    plain = Swept.of(workload)
    required = SKETCH_SECONDS if name == CONVOLUTIONAL else None
    yield Row(f"{name}: sketch", plain.result.cost.seconds, "s", required)
    yield from _figures(name, plain)
    if name in CHOSEN:
        chosen = Swept.of(workload, WEIGHT_FAMILIES)
        yield Row(f"{name}: sketch, quantisers chosen", chosen.result.cost.seconds, "s")
        yield from _compared(name, chosen, ", quantisers chosen")
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


def _figures(name: str, swept: Swept) -> Iterator[Row]:
    """The float model beside its card, uniform widths, and the decided recipe."""
    card = ZOO[name].expected
    scores = {width: qs.score(swept.workload, _uniform(swept.result, width)) for width in UNIFORM}
    reference = scores[UNIFORM[0]].reference
    for metric, value in reference.items():
        yield Row(_noted(name, "float", metric), value, metric)
    off = abs(reference[card.metric] - card.value)
    yield Row(f"{name}: float, off the card", off, card.metric, card.tolerance)
    for width, score in scores.items():
        yield from _scored(name, f"uniform {width}-bit", score)
    yield from _mixed(name, swept, "")


def _compared(name: str, swept: Swept, suffix: str) -> Iterator[Row]:
    """One width, and the decided recipe at its bytes."""
    yield from _scored(
        name, f"uniform 4-bit{suffix}", qs.score(swept.workload, _uniform(swept.result, 4))
    )
    yield from _mixed(name, swept, suffix)


def _mixed(name: str, swept: Swept, suffix: str) -> Iterator[Row]:
    began = time.perf_counter()
    decision = _decided(swept)
    yield Row(f"{name}: decision{suffix}", time.perf_counter() - began, "s")
    yield Row(f"{name}: recipes run{suffix}", decision.evaluations, "recipes")
    score = qs.score(swept.workload, decision.choice.recipe)
    yield from _scored(name, f"mixed, average {AVERAGE:g} bits{suffix}", score)


def _decided(swept: Swept) -> Decision:
    """The recipe at the bytes of average 4 bits, decided as a job of the app does."""
    cells = swept.result.setup.cells
    work = Deciding(
        swept.workload,
        swept.result,
        interactions_of(cells, swept.rows),
        Budget(weight_bytes=bytes_at(swept.result, AVERAGE)),
        swept.rows,
        evaluations=EVALUATIONS,
        compare=False,
    )
    for _ in work:
        pass
    return work.decision


def _scored(name: str, label: str, score: Score) -> Iterator[Row]:
    """Every metric and the divergence of one recipe on the evaluation part."""
    for metric, interval in score.actual.items():
        yield Row(_noted(name, label, metric), interval.value, metric)
    yield Row(f"{name}: {label}, divergence", score.divergence, "divergence")


def _noted(name: str, label: str, metric: str) -> str:
    """The row's name, with what the design noted of the card's metric."""
    known = NOTED.get((name, label)) if metric == ZOO[name].expected.metric else None
    return f"{name}: {label}" + ("" if known is None else f" (design {known:g})")


def _uniform(result: Sensitivities, width: int) -> Recipe:
    """Every swept weight at one width."""
    layers = {
        layer.name: LayerConfig(point.cell.spec)
        for layer in result.layers
        if (point := result.point(layer.name, "weight", width)) is not None
    }
    return Recipe(layers, result.setup.workload, result.setup.fingerprint)
