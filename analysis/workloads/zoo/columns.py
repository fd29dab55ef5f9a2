"""A zoo model's data: the three parts as plain arrays in one file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.workloads.workload import Batch

FILE = "data.npz"
PARTS = ("calibration", "sweep", "evaluation")
BATCH = 64

Array = NDArray[Any]
Columns = Mapping[str, Array]
"""Column name to values, the sample axis first."""


def write_columns(folder: Path, parts: Mapping[str, Columns]) -> None:
    """Write all parts; each column stands as ``part.column``."""
    named = {f"{part}.{key}": value for part in PARTS for key, value in parts[part].items()}
    np.savez_compressed(folder / FILE, allow_pickle=False, **named)


def read_columns(folder: Path) -> dict[str, dict[str, Array]]:
    """Part to columns, as `write_columns` took them."""
    parts: dict[str, dict[str, Array]] = {part: {} for part in PARTS}
    with np.load(folder / FILE, allow_pickle=False) as archive:
        for name in archive.files:
            part, _, column = name.partition(".")
            parts[part][column] = archive[name]
    return parts


def tensor(values: Array) -> Tensor:
    """A tensor of the array's own memory where it can be written, else of a copy."""
    return torch.from_numpy(np.require(values, requirements=["C", "W"]))


def batched(
    inputs: Tensor | Sequence[Tensor], target: Tensor | None, size: int = BATCH
) -> list[Batch]:
    """Batches of at most `size` samples."""
    several = not isinstance(inputs, Tensor)
    columns = tuple(inputs) if several else (inputs,)
    batches: list[Batch] = []
    for start in range(0, len(columns[0]), size):
        cut = tuple(column[start : start + size] for column in columns)
        labels = None if target is None else target[start : start + size]
        batches.append((cut if several else cut[0], labels))
    return batches
