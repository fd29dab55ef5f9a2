"""What is analysed: the checked, folded model with its layers and its data, made once."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from hashlib import sha256
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from analysis.errors import AnalysisError, ModelError, WorkloadError
from analysis.layers import Layer, Skipped
from analysis.metrics import Metric
from analysis.sensitivity.points import Divergence
from analysis.workloads.checks import check_workload
from analysis.workloads.determinism import first_difference
from analysis.workloads.discovery import discover
from analysis.workloads.equalize import equalize_channels, equalized_note
from analysis.workloads.fixed_batch import with_fixed_batch
from analysis.workloads.folding import Folding, fold_batch_norms, has_batch_norm
from analysis.workloads.groups import grouped
from analysis.workloads.outputs import class_axis_of, is_joined, joined_note
from analysis.workloads.outputs import take_output as take_output
from analysis.workloads.parts import (
    Parts,
    cut_batch,
    cut_batches,
    join_batches,
    parts_of,
    samples_in,
    tensors_of,
)
from analysis.workloads.workload import Batch, Inputs, Workload, call_model

PROBE_SAMPLES = 8
"""Samples of the first batch that find the layers and prove the folding."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Subject:
    """A workload made ready.

    Attributes:
        model: the user's own model, or a copy of it where batch norms were folded or dropout was
            still on; always left as it was found.
        fingerprint: of the user's own weights, and whether they were equalised.
        other_bytes: everything in the model that is not a quantisable weight, as float32.
        metrics: all metrics, the main one first.
        output: the user's own way to take the output tensor, or None.
        class_axis: moved to the end of the output; None where it is the last already.
        notes: what was decided about the output and is worth telling.
        probe: a few samples of the calibration set.
        batch: the only batch size that the model takes; None where it takes any. `model` then is a
            copy that takes any and runs it in pieces.
        lock: held while weights are substituted.
    """

    name: str
    model: nn.Module
    layers: tuple[Layer, ...]
    skipped: tuple[Skipped, ...]
    fingerprint: str
    other_bytes: int
    parts: Parts
    metric: Metric | None
    divergence: Divergence
    probe: Inputs
    output: Callable[[Any], Tensor] | None
    lock: RLock
    metrics: tuple[Metric, ...] = ()
    class_axis: int | None = None
    notes: tuple[str, ...] = ()
    batch: int | None = None

    def whole(self, size: int) -> int:
        """A batch size that leaves no piece of a model's only batch size to be filled up."""
        return size if self.batch is None else -(-size // self.batch) * self.batch

    def calibration_batches(self, size: int) -> Iterator[Batch]:
        """The calibration set in batches of at most `size`, or as the model takes them.

        What would have to be filled up with copies is left out, as long as there is more.
        """
        found = list(cut_batches(self.parts.calibration, self.whole(size)))
        if self.batch is not None:
            rows = [samples_in(batch) // self.batch * self.batch for batch in found]
            full = [cut_batch(b, 0, count) for b, count in zip(found, rows, strict=True) if count]
            found = full or found
        yield from found

    def take(self, result: Any) -> Tensor:
        """The output tensor of what the model returned, its classes on the last axis."""
        found = take_output(result, self.output)
        return found if self.class_axis is None else found.movedim(self.class_axis, -1)


def fingerprint_of(model: nn.Module) -> str:
    """SHA-256 of names, types, shapes and values of the state dict, as hex."""
    digest = sha256()
    for name, value in model.state_dict().items():
        tensor = value.detach().cpu().contiguous()
        digest.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b"")
    return digest.hexdigest()


def _run(
    model: nn.Module, inputs: Inputs, output: Callable[[Any], Tensor] | None
) -> tuple[Tensor, tuple[str, ...]]:
    """The output on the probe, and what there is to tell about it."""
    try:
        with torch.no_grad():
            result = call_model(model, inputs)
            taken = take_output(result, output).clone()
            return taken, (joined_note(result),) if is_joined(result, output) else ()
    except AnalysisError:
        raise
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else "no message"
        raise ModelError(
            f"The model must run on a batch of the data; it fails with {type(error).__name__}: "
            f"{first:.200}. Check the shapes and types of the data."
        ) from error


def _checked_output(
    model: nn.Module, inputs: Inputs, workload: Workload
) -> tuple[Tensor, tuple[str, ...]]:
    """One tensor, finite, a row a sample, the same each time; and notes about it."""
    first, notes = _run(model, inputs, workload.output)
    samples = len(tensors_of(inputs)[0])
    if len(first) != samples:
        raise ModelError(
            f"The output must have one row a sample; {samples} samples gave an output of shape "
            f"{tuple(first.shape)}. Set Workload(output=…) to bring the sample axis to the front."
        )
    if not bool(torch.isfinite(first).all()):
        raise ModelError(
            "The float model's outputs must be finite; it gives NaN or infinity on the first "
            "samples. Check the weights and the preprocessing."
        )
    if not torch.equal(first, _run(model, inputs, workload.output)[0]):
        raise ModelError(
            "The model must give the same output twice in eval mode, else no sensitivity could be "
            f"told from its noise; the first to differ is {first_difference(model, inputs)}. "
            "Switch its randomness off."
        )
    return first, notes


def _takes(model: nn.Module, inputs: Inputs, workload: Workload) -> bool:
    """Whether the model runs on a batch and gives a row a sample."""
    try:
        return len(_run(model, inputs, workload.output)[0]) == len(tensors_of(inputs)[0])
    except ModelError:
        return False


def _fitting(model: nn.Module, workload: Workload) -> tuple[nn.Module, Inputs, int | None]:
    """The model, a probe, and its batch size where it takes no other.

    Raises:
        ModelError: samples of such a batch influence one another, so no batch can be filled up.
    """
    own = next(iter(workload.calibration))
    size = samples_in(own)
    probe, _ = cut_batch(own, 0, PROBE_SAMPLES)
    few = min(size, PROBE_SAMPLES)
    other = cut_batch(own, 0, few - 1)[0] if few > 2 else join_batches([own, own])[0][0]
    if _takes(model, probe, workload) and _takes(model, other, workload):
        return model, probe, None
    if not _takes(model, own[0], workload):
        return model, probe, None  # which is not for its size; the checks to come say what it is
    fixed = with_fixed_batch(model, size)
    whole, part = (_run(fixed, inputs, workload.output)[0] for inputs in (own[0], other))
    rows = min(len(whole), len(part))
    if len(part) != len(tensors_of(other)[0]) or not torch.allclose(
        whole[:rows], part[:rows], rtol=1e-3, atol=1e-5, equal_nan=True
    ):
        raise ModelError(
            f"The model takes batches of {size} alone, and the outputs of their samples depend on "
            "one another or do not come sample by sample; export it with a batch size that may "
            "change."
        )
    return fixed, own[0], size


def _ready(model: nn.Module) -> nn.Module:
    """The model in eval mode; a copy where it was not."""
    if not any(module.training for module in model.modules()):
        return model
    return deepcopy(model).eval()


def _equalized(fingerprint: str) -> str:
    """Other weights are quantised then, so a recipe of the one must not meet the other."""
    return sha256(f"{fingerprint}|equalized".encode()).hexdigest()


_FIXED = (
    "The model takes batches of {} samples alone, so all batches are cut or filled up to that size."
)

_SUBJECTS: "WeakKeyDictionary[Workload, Subject]" = WeakKeyDictionary()


def _prepare(workload: Workload) -> Subject:
    check_workload(workload)
    parts = parts_of(workload)
    model, probe, batch = _fitting(_ready(workload.model), workload)
    output, notes = _checked_output(model, probe, workload)
    divergence = workload.divergence_kind
    if notes and workload.divergence is None:
        divergence = "mse"  # tensors side by side are no scores of classes
    folded: tuple[Folding, ...] = ()
    if workload.fold_batch_norm and has_batch_norm(model):
        model, folded = fold_batch_norms(model, probe)
    fingerprint = fingerprint_of(workload.model)
    if workload.equalize:
        model, links = equalize_channels(model, probe, parts.calibration)
        notes = (*notes, equalized_note(model, links))
        fingerprint = _equalized(fingerprint) if links else fingerprint
    layers, skipped = discover(model, probe, folded)
    if not layers:
        raise WorkloadError(
            "The model must have at least one weight of two or more dimensions (a convolution, "
            "linear or embedding layer); it has none, so there is nothing to quantise."
        )
    if workload.group_layers:
        layers = grouped(model, probe, layers)
    everything = sum(value.numel() for value in model.parameters())
    everything += sum(value.numel() for value in model.buffers() if value.is_floating_point())
    return Subject(
        name=workload.name,
        model=model,
        layers=layers,
        skipped=skipped,
        fingerprint=fingerprint,
        other_bytes=4 * (everything - sum(layer.parameters for layer in layers)),
        parts=Parts(join_batches(parts.calibration), join_batches(parts.sweep), parts.evaluation),
        metric=workload.metric,
        divergence=divergence,
        probe=probe,
        output=workload.output,
        lock=RLock(),
        metrics=workload.all_metrics,
        class_axis=class_axis_of(workload.class_axis, workload.metric, divergence, output),
        notes=notes if batch is None else (*notes, _FIXED.format(batch)),
        batch=batch,
    )


def subject(workload: Workload) -> Subject:
    """What is analysed, made once for each workload object.

    Raises:
        WorkloadError: the model or the data cannot be used; the message says why.
    """
    known = _SUBJECTS.get(workload)
    if known is None:
        known = _prepare(workload)
        _SUBJECTS[workload] = known
    return known
