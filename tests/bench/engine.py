"""The sweep engine on five nets (issue 3): cost in float forwards, and how true its figures are.

All figures of one net come from one process and one thread; costs are CPU time, taken in turns with
the forwards they are told in. `naive` is the obvious loop: one float forward for each cell.
"""

import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from analysis.allocation.allocate import allocate
from analysis.allocation.budget import Budget
from analysis.allocation.posed import pose
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.chunks import chunk_size
from analysis.sensitivity.draw import draw_samples, draw_size
from analysis.sensitivity.float_run import run_float
from analysis.sensitivity.points import DEFAULT_BITS, Cell, Sensitivities
from analysis.sensitivity.sweep import sweep
from analysis.simulate.substitution import quiet_inference
from analysis.workloads.parts import cut_batches, samples_in
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload, call_model
from tests.bench import memory
from tests.bench.collected import collected
from tests.bench.nets import NETS, bench_workload
from tests.bench.rows import Row
from tests.bench.timing import timed
from tests.naive import naive_kl

Floats = NDArray[np.float64]

ROUNDS = 3
COMPARED_SAMPLES = 64
"""So many samples, of one chunk, for the comparison with the loop: it takes a forward a cell."""

DRAWS = 25
BUDGETS = (2.5, 3.0, 4.0)
VARIANTS = (
    "int{} sym per-channel minmax",
    "int{} asym per-channel minmax",
    "int{} sym per-channel minmax clip0.85",
    "int{} asym per-channel minmax clip0.85",
)
"""Four ways to take each of six widths: 24 options a tensor."""


@dataclass(frozen=True)
class Exact:
    """An exact sweep of the weights.

    Attributes:
        rows: divergence of each cell on each sample, (samples,).
        flops: of the whole sweep, over those of the least that any exact sweep must compute.
    """

    result: Sensitivities
    rows: Mapping[Cell, Floats]
    flops: float


def measure() -> list[Row]:
    """The worst net counts, and each is told on standard error; memory and workers come last."""
    torch.set_num_threads(1)
    found: dict[str, list[Row]] = {}
    for net in NETS:
        for row in _net(bench_workload(net)):
            sys.stderr.write(f"{net}: {row.name} {row.value:.4g} {row.unit}\n")
            found.setdefault(row.name, []).append(row)
    worst = [max(rows, key=lambda row: row.value) for rows in found.values()]
    return [*worst, *memory.measure()]


def _net(workload: Workload) -> Iterator[Row]:
    made = subject(workload)
    exact = exact_sweep(workload, made, DEFAULT_BITS)
    yield Row("engine: exact, FLOPs over the minimum, worst net", exact.flops, "ratio", 1.1, 1.05)
    apart = _apart(workload)
    yield Row("engine: exact, largest difference from the loop", apart, "nats", 1e-9, 0.0)
    yield from _sketch(workload, made, exact)
    yield from _sampled(workload, made, exact)


def exact_sweep(workload: Workload, made: Subject, bits: Sequence[int]) -> Exact:
    """The exact sweep of the weights, and its floating-point operations over the least."""
    work = sweep(workload, bits=bits, method="exact")
    with FlopCounterMode(display=False) as counter:
        result, found = collected(work)
    rows: dict[Cell, list[Floats]] = {}
    for samples in found:
        rows.setdefault(samples.cell, []).append(samples.divergence)
    return Exact(
        result,
        {cell: np.concatenate(parts) for cell, parts in rows.items()},
        counter.get_total_flops() / _least_flops(made, len(work.setup.cells) // len(made.layers)),
    )


def _least_flops(made: Subject, options: int) -> float:
    """C (1 + B sum S_l / C): one float forward, and for each option what comes from its layer on.

    Layers count in the order of their first use; a weight used outside its module (attention's
    projections) is used when the module around it begins.
    """
    batch = made.parts.sweep[0]
    one = next(iter(cut_batches([batch], 1)))[0]
    before: dict[str, int] = {}
    with quiet_inference(made), FlopCounterMode(display=False) as counter:
        handles = [
            made.model.get_submodule(name).register_forward_pre_hook(_noting(name, before, counter))
            for name in {layer.module for layer in made.layers}
        ]
        call_model(made.model, one)
        for handle in handles:
            handle.remove()
    whole = counter.get_total_flops()
    # a module that never fires is used by the module around it
    starts = [_start(layer.module, before) for layer in made.layers]
    samples = sum(map(samples_in, made.parts.sweep))
    return float(samples * (whole + options * sum(whole - start for start in starts)))


def _noting(
    name: str, before: dict[str, int], counter: FlopCounterMode
) -> Callable[[nn.Module, Any], None]:
    def hook(_module: nn.Module, _args: Any) -> None:
        before.setdefault(name, counter.get_total_flops())

    return hook


def _start(module: str, before: Mapping[str, int]) -> int:
    while module not in before and module:
        module = module.rpartition(".")[0]
    return before.get(module, 0)


def _apart(workload: Workload) -> float:
    """Largest difference from the loop; weights alone, on a part of the sweep set."""
    parts = subject(workload).parts.sweep
    few = next(iter(cut_batches(parts, COMPARED_SAMPLES)))
    small = replace(workload, sweep=[few])
    made = subject(small)
    points = Sensitivities.collect(sweep(small)).points
    return max(abs(point.divergence - naive_kl(made, point.cell)) for point in points)


def _sketch(workload: Workload, made: Subject, exact: Exact) -> Iterator[Row]:
    costs, more = [], []
    for _ in range(ROUNDS):
        forward = _forward_seconds(made)
        _, both = timed(
            lambda: Sensitivities.collect(sweep(workload, method="sketch", target="both"))
        )
        forward = (forward + _forward_seconds(made)) / 2
        costs.append(both / forward)
        _, few = timed(lambda: _sketched(workload, VARIANTS[:1]))
        _, many = timed(lambda: _sketched(workload, VARIANTS))
        more.append(many / few)
    yield Row("engine: sketch of weights and inputs, 6 options", _median(costs), "forwards", 8, 5)
    yield Row("engine: sketch, 24 options over 6", _median(more), "ratio", 1.2, 1.1)
    result = Sensitivities.collect(sweep(workload, method="sketch"))
    overall, within = _agreement(result, exact)
    yield Row("engine: sketch, 1 - Spearman with exact, all cells", 1 - overall, "", 0.02, 0.01)
    yield Row("engine: sketch, 1 - Spearman, median of widths", 1 - within, "", 0.1, 0.05)


def _sketched(workload: Workload, forms: Sequence[str]) -> Sensitivities:
    work = sweep(workload, method="sketch")
    cells = tuple(
        Cell(layer.name, "weight", QuantSpec.parse(form.format(bits)).label)
        for layer in work.setup.layers
        for bits in (2, 3, 4, 5, 6, 8)
        for form in forms
    )
    work.setup = replace(work.setup, cells=cells)
    return Sensitivities.collect(work)


def _agreement(result: Sensitivities, exact: Exact) -> tuple[float, float]:
    """Spearman over all cells, and its median over the widths."""
    truth = {point.cell: point.divergence for point in exact.result.points}
    bits = np.array([point.bits for point in result.points])
    ours = np.array([point.divergence for point in result.points])
    exactly = np.array([truth[point.cell] for point in result.points])
    within = [_spearman(ours[bits == width], exactly[bits == width]) for width in np.unique(bits)]
    return _spearman(ours, exactly), _median(within)


def _spearman(ours: Floats, exactly: Floats) -> float:
    return float(spearmanr(ours, exactly).statistic)


def _sampled(workload: Workload, made: Subject, exact: Exact) -> Iterator[Row]:
    """Cost of the sampled sweep, and the regret of its recipes over many draws.

    A draw's figures are weighted means of rows that the exact sweep has, so only one sampled sweep
    is run, to be timed. Regret: exact additive divergence of the recipe chosen from the draw, over
    the least at that budget.
    """
    ratios = []
    for _ in range(ROUNDS):
        forward = _forward_seconds(made)
        _, spent = timed(lambda: Sensitivities.collect(sweep(workload, method="sampled")))
        forward = (forward + _forward_seconds(made)) / 2
        ratios.append(spent / (forward * (1 + len(exact.rows))))
    yield Row("engine: sampled sweep over naive", _median(ratios), "ratio", 0.1, 1 / 14)
    impurity = run_float(made, chunk_size(made.layers)).impurity
    regrets = []
    for seed in range(DRAWS):
        draw = draw_samples(impurity, draw_size(len(impurity)), seed)
        figures = {c: float((draw.weights * r[draw.indices]).mean()) for c, r in exact.rows.items()}
        regrets += [_regret(exact.result, figures, bits) for bits in BUDGETS]
    yield Row("engine: sampled, regret of the recipe, median", _median(regrets), "share", 0.01)


def _regret(result: Sensitivities, figures: Mapping[Cell, float], bits: float) -> float:
    drawn = [replace(point, divergence=figures[point.cell]) for point in result.points]
    budget = Budget(average_bits=bits)
    posed = pose(result, budget)
    chosen = posed.picks(allocate(replace(result, points=tuple(drawn)), budget).recipe)
    return posed.problem.value(chosen) / posed.problem.value(posed.additive) - 1


def _forward_seconds(made: Subject) -> float:
    """CPU seconds of one float forward of the sweep set, in the engine's own chunks."""
    batches = list(cut_batches(made.parts.sweep, chunk_size(made.layers)))
    with quiet_inference(made):
        return timed(lambda: [call_model(made.model, inputs) for inputs, _ in batches])[1]


def _median(values: Sequence[float]) -> float:
    return float(statistics.median(values))
