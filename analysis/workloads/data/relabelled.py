"""Class numbers of a user's data brought to those of the model, by their names."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from analysis.workloads.data.parts import DataParts
from analysis.workloads.workload import Batch


@dataclass(frozen=True, slots=True, eq=False)
class _Relabelled:
    """Batches whose targets are looked up in a table."""

    batches: Iterable[Batch]
    numbers: Tensor

    def __iter__(self) -> Iterator[Batch]:
        for inputs, target in self.batches:
            yield inputs, None if target is None else self.numbers[target]


def relabelled(parts: DataParts, classes: Sequence[str]) -> DataParts:
    """The same data, its classes numbered as the model numbers them.

    Folders and texts are numbered in sorted order, and may be some of the model's classes only.
    Where a name is not one of the model's, the numbers stay.

    Args:
        parts: with class numbers as targets.
        classes: the model's names, by number.
    """
    known = {_plain(name): number for number, name in enumerate(classes)}
    numbers = [known.get(_plain(name)) for name in parts.classes]
    found = [number for number in numbers if number is not None]
    if not found or len(found) < len(numbers) or found == list(range(len(classes))):
        return parts
    table = torch.tensor(found)
    return replace(
        parts,
        calibration=_Relabelled(parts.calibration, table),
        sweep=_Relabelled(parts.sweep, table),
        evaluation=_Relabelled(parts.evaluation, table),
        classes=tuple(classes),
    )


def _plain(name: str) -> str:
    """Without regard to case, spaces and underscores."""
    return name.casefold().replace(" ", "_").strip("_")
