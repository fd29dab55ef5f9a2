"""What a process that measures for another is told, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import torch
from torch import Tensor

from analysis.errors import OptionError
from analysis.sensitivity.float_run import FloatRun
from analysis.sensitivity.options import SweepOptions
from analysis.sensitivity.points import Cell, CellSamples, Stage, SweepSetup
from analysis.simulate.simulated import simulated
from analysis.workloads.parts import tensors_of
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Batch, Workload

SWITCHES = ("fold_batch_norm", "equalize", "group_layers", "divergence")
"""Fields of a workload that are handed over as they are; the rest comes from its source."""


@dataclass(frozen=True, slots=True, eq=False)
class Handover:
    """A sweep, so that another process can measure units of it.

    Attributes:
        source: as `load_workload` takes it.
        switches: the fields of `SWITCHES`.
        traits: what the reloaded workload must have; see `traits_of`.
        setup, found: as the first process made them; draws follow from `found` and the seed.
    """

    source: str
    switches: Mapping[str, Any]
    traits: Mapping[str, str]
    options: SweepOptions
    setup: SweepSetup
    found: FloatRun


@dataclass(frozen=True, slots=True)
class Unit:
    """Cells to be measured on one unit of a stage."""

    stage: Stage
    start: int
    cells: Mapping[str, Sequence[Cell]]


@dataclass(frozen=True, slots=True, eq=False)
class UnitDone:
    """A measured unit.

    Attributes:
        forwards: work it took, in forwards of the whole sweep set.
        full_forward: layers whose replay could not be proven equal in that process.
        cpu_seconds, peak_rss_bytes: of that process since its start.
    """

    rows: Sequence[CellSamples]
    forwards: float
    full_forward: frozenset[str]
    cpu_seconds: float
    peak_rss_bytes: int


def traits_of(made: Subject) -> dict[str, str]:
    """Digests of what a sweep's figures depend on, by what people call it."""
    with simulated(made, None) as forward:
        outputs = forward(made.probe)
    metric = made.metric.name if made.metric else "none"
    return {
        "weights": made.fingerprint,
        "layers": _digest(repr(made.layers).encode()),
        "metric": f"{metric}, {made.divergence}",
        "calibration data": _data(made.parts.calibration),
        "sweep data": _data(made.parts.sweep),
        "outputs": _digest(_bytes(outputs)),
    }


def check_traits(expected: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Refuse a workload that came back as another one.

    Raises:
        OptionError: it did; says in what.
    """
    other = [name for name, digest in expected.items() if found[name] != digest]
    if other:
        raise OptionError(
            "With several workers a workload must load from its source again just as it is here, "
            f"and its {other[0]} came out different; make the change (or fix the seed) in the "
            "factory that the source names, or sweep with one worker."
        )


def source_of(workload: Workload) -> str:
    """Where another process finds the workload.

    Raises:
        OptionError: nowhere.
    """
    if workload.source is None:
        raise OptionError(
            "Several workers need a workload that each can load from its source, and "
            f"{workload.name!r:.80} has none; write a factory and load it with "
            'load_workload("my_case.py:make"), or sweep with one worker.'
        )
    return workload.source


def handed_over(
    source: str, workload: Workload, options: SweepOptions, setup: SweepSetup, found: FloatRun
) -> Handover:
    """A sweep of this workload, to be measured by others too."""
    switches = {name: getattr(workload, name) for name in SWITCHES}
    return Handover(source, switches, traits_of(subject(workload)), options, setup, found)


def reopened(handover: Handover, loaded: Workload) -> Subject:
    """What is to be measured, from the workload that the source gave.

    Raises:
        OptionError: it is not the one that was handed over.
        WorkloadError: it cannot be used.
    """
    made = subject(replace(loaded, **handover.switches))
    check_traits(handover.traits, traits_of(made))
    return made


def _data(batches: Sequence[Batch]) -> str:
    digest = sha256()
    for inputs, target in batches:
        for tensor in (*tensors_of(inputs), *(() if target is None else (target,))):
            digest.update(f"{tensor.dtype}|{tuple(tensor.shape)}|".encode())
            digest.update(_bytes(tensor))
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> bytes:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes() if flat.numel() else b""


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
