"""The three disjoint parts of a workload's data, and cutting batches to size."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from analysis.errors import WorkloadError
from analysis.workloads.workload import Batch, Inputs, Workload


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Batches for the ranges, for the sensitivities, and for the final score."""

    calibration: tuple[Batch, ...]
    sweep: tuple[Batch, ...]
    evaluation: Iterable[Batch]


def tensors_of(inputs: Inputs) -> tuple[Tensor, ...]:
    """The tensors of one batch's inputs."""
    if isinstance(inputs, Tensor):
        return (inputs,)
    return tuple(inputs.values()) if isinstance(inputs, Mapping) else tuple(inputs)


def samples_in(batch: Batch) -> int:
    """Number of samples in a batch."""
    return len(tensors_of(batch[0])[0])


def count_samples(batches: Iterable[Batch]) -> int:
    """Number of samples in all batches."""
    return sum(samples_in(batch) for batch in batches)


def _cut(inputs: Inputs, start: int, stop: int) -> Inputs:
    if isinstance(inputs, Tensor):
        return inputs[start:stop]
    if isinstance(inputs, Mapping):
        return {key: value[start:stop] for key, value in inputs.items()}
    return tuple(value[start:stop] for value in inputs)


def cut_batch(batch: Batch, start: int, stop: int) -> Batch:
    """Samples `start` to `stop` of one batch."""
    inputs, target = batch
    return _cut(inputs, start, stop), None if target is None else target[start:stop]


def cut_batches(batches: Iterable[Batch], size: int) -> Iterator[Batch]:
    """The same samples in batches of at most `size`; batches are cut, never joined."""
    for batch in batches:
        for start in range(0, samples_in(batch), size):
            yield cut_batch(batch, start, start + size)


def _take(inputs: Inputs, indices: Tensor) -> Inputs:
    if isinstance(inputs, Tensor):
        return inputs[indices]
    if isinstance(inputs, Mapping):
        return {key: value[indices] for key, value in inputs.items()}
    return tuple(value[indices] for value in inputs)


def take_samples(batch: Batch, indices: Tensor) -> Batch:
    """The samples of one batch at the given places, in the given order."""
    inputs, target = batch
    return _take(inputs, indices), None if target is None else target[indices]


def pick_samples(batches: Sequence[Batch], indices: Sequence[int]) -> tuple[Batch, ...]:
    """Samples at the given places, counted over all batches, in the given order."""
    places = [(number, row) for number, b in enumerate(batches) for row in range(samples_in(b))]
    picked: list[Batch] = []
    for index in indices:
        number, row = places[index]
        picked.append(take_samples(batches[number], torch.tensor([row])))
    return join_batches(picked)


def _signature(batch: Batch) -> tuple[object, ...]:
    inputs, target = batch
    shapes = tuple((value.shape[1:], value.dtype) for value in tensors_of(inputs))
    return (*shapes, None if target is None else (target.shape[1:], target.dtype))


def _join(batches: Sequence[Batch]) -> Batch:
    first, _ = batches[0]
    targets = [target for _, target in batches if target is not None]
    target = torch.cat(targets) if targets else None
    columns = [
        torch.cat(column) for column in zip(*(tensors_of(x) for x, _ in batches), strict=True)
    ]
    if isinstance(first, Tensor):
        return columns[0], target
    if isinstance(first, Mapping):
        return dict(zip(first, columns, strict=True)), target
    return tuple(columns), target


def join_batches(batches: Sequence[Batch]) -> tuple[Batch, ...]:
    """Neighbouring batches of one shape joined to one."""
    runs: list[list[Batch]] = []
    for batch in batches:
        if runs and _signature(runs[-1][-1]) == _signature(batch):
            runs[-1].append(batch)
        else:
            runs.append([batch])
    return tuple(_join(run) for run in runs)


def split_batches(batches: Sequence[Batch], first: int) -> tuple[tuple[Batch, ...], ...]:
    """The first `first` samples, and the rest."""
    head: list[Batch] = []
    tail: list[Batch] = []
    seen = 0
    for batch in batches:
        size = samples_in(batch)
        here = min(max(first - seen, 0), size)
        if here:
            head.append(cut_batch(batch, 0, here))
        if here < size:
            tail.append(cut_batch(batch, here, size))
        seen += size
    return tuple(head), tuple(tail)


def parts_of(workload: Workload) -> Parts:
    """Cut a workload's data into its three parts.

    Raises:
        WorkloadError: a part is empty, or the calibration set cannot be split.
    """
    calibration = tuple(workload.calibration)
    if workload.sweep is not None:
        sweep = tuple(workload.sweep)
    else:
        count = count_samples(calibration)
        if count < 2:
            raise WorkloadError(
                f"The calibration set must hold at least 2 samples, one for the ranges and one for "
                f"the sweep; it holds {count}. Give more data, or a sweep set of its own."
            )
        calibration, sweep = split_batches(calibration, count // 2)
    for name, batches in (("calibration", calibration), ("sweep", sweep)):
        if count_samples(batches) == 0:
            raise WorkloadError(f"The {name} set must not be empty; give at least one batch.")
    return Parts(calibration, sweep, workload.evaluation)
