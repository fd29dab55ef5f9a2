"""All proxies of a workload, pass by pass."""

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace

import torch

from analysis.errors import ModelError
from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.catalogue import PROXIES
from analysis.sensitivity.proxies.fisher import diagonal_fisher
from analysis.sensitivity.proxies.fisher_sketch import fisher_sketch
from analysis.sensitivity.proxies.gradients import first_order
from analysis.sensitivity.proxies.ground import Ground
from analysis.sensitivity.proxies.hutchinson import hessian_trace
from analysis.sensitivity.proxies.label_loss import Labels, labels_of
from analysis.sensitivity.proxies.local_output import local_output
from analysis.sensitivity.proxies.values import ProxyResult
from analysis.sensitivity.proxies.weight_error import Figures, weight_errors
from analysis.sensitivity.sketch import sketch_size
from analysis.sensitivity.weight_cache import WeightCache
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload

NO_TARGETS = (
    "Left out: it needs targets of the output's shape, and this workload has none; give labels."
)
OWN_ANSWERS = "Without labels of its classes the model's own answers serve as labels."

Names = tuple[str, ...]

LABEL_FREE: Mapping[Names, Callable[[Ground], Figures]] = {
    ("weight_mse", "weight_sqnr_db"): weight_errors,
    ("output_sqnr_db",): local_output,
    ("fisher_sketch",): fisher_sketch,
}
"""Names of the proxies that one pass gives."""

ON_LABELS: Mapping[Names, Callable[[Ground, Labels], Figures]] = {
    ("first_order_taylor", "gradient_output"): first_order,
    ("diagonal_fisher",): diagonal_fisher,
    ("hessian_trace",): hessian_trace,
}
"""Likewise from gradients of the label loss."""

PASSES: tuple[Names, ...] = (*LABEL_FREE, *ON_LABELS)


def proxies(
    workload: Workload,
    cells: Sequence[Cell],
    *,
    seed: int = 0,
    known: Collection[str] = (),
    watch: Callable[[float], None] = lambda _done: None,
) -> Iterator[ProxyResult]:
    """Every proxy for the weight cells of a sweep, one after the other.

    The model is left as it was found. A proxy that this model does not allow is there without
    values, its note says why.

    Args:
        workload: model and data; the sweep set is used.
        cells: such as `SweepSetup.cells`; those of activations have no proxies.
        seed: of the random signs and draws; that of a sweep gives the figures of its sketch.
        known: proxies that an interrupted run has; their passes are left out.
        watch: told how many of `PASSES` are done, with the share of the present one, before each
            batch; may raise to stop the work between two batches.

    Raises:
        WorkloadError: the model or the data cannot be used.
    """
    made = subject(workload)
    ground = Ground(made, WeightCache(made), _by_layer(cells), seed)
    missing = [names for names in PASSES if not set(names) <= set(known)]
    if not ground.layers or not missing:
        return
    for layer in ground.layers:
        watch(PASSES.index(missing[0]))
        ground.weights.ready(layer, [cell.spec for cell in ground.cells[layer.name]])
    for names in missing:
        watched = replace(ground, watch=_counted(watch, PASSES.index(names)))
        yield from _results(watched, names)


def _counted(watch: Callable[[float], None], before: int) -> Callable[[float], None]:
    return lambda share: watch(before + share)


def _by_layer(cells: Sequence[Cell]) -> Mapping[str, Sequence[Cell]]:
    found: dict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        if cell.target == "weight":
            found[cell.layer].append(cell)
    return found


def _results(ground: Ground, names: Names) -> Iterator[ProxyResult]:
    """The proxies of one pass."""
    labels = labels_of(ground.subject) if names in ON_LABELS else None
    if names in ON_LABELS and labels is None:
        yield from (ProxyResult(name, (), 0.0, note=NO_TARGETS) for name in names)
        return
    began = time.process_time()
    try:
        figures = ON_LABELS[names](ground, labels) if labels else LABEL_FREE[names](ground)
    except (RuntimeError, ModelError) as error:
        note = _no_backward(names, error)
        yield from (ProxyResult(name, (), 0.0, note=note) for name in names)
        return
    seconds = time.process_time() - began
    note = OWN_ANSWERS if labels == "answers" else ""
    for name in names:
        values = tuple(figures[name].items())
        yield ProxyResult(name, values, seconds, _samples(ground, names), note)


def _samples(ground: Ground, names: Names) -> int:
    if names == ("weight_mse", "weight_sqnr_db"):
        return 0
    return sketch_size(ground.samples) if names == ("fisher_sketch",) else ground.samples


def _no_backward(names: Names, error: Exception) -> str:
    """Why a pass was left out.

    Raises:
        Exception: the error itself, where the missing backward pass is not to blame.
    """
    if isinstance(error, torch.OutOfMemoryError) or not PROXIES[names[0]].needs_backward:
        raise error
    first = str(error).partition("\n")[0]
    told = "" if isinstance(error, ModelError) else f" ({first:.150})"
    return f"Left out: it needs a backward pass, and this model allows none{told}."
