"""Arrays of an `.npz` archive as samples, whole or cut in three before."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from analysis.errors import WorkloadError
from analysis.workloads.arrays import Array, read_arrays
from analysis.workloads.data.form import Arrays
from analysis.workloads.data.parts import DataParts, PartCounts, SourceBatches, described
from analysis.workloads.data.picture_source import standardised
from analysis.workloads.data.split import Places
from analysis.workloads.data.tensors import row_digests
from analysis.workloads.data.words import SampleWords
from analysis.workloads.parts import take_samples, tensors_of
from analysis.workloads.samples import PARTS
from analysis.workloads.workload import Batch, Inputs

_TYPES = {"u": np.int64, "i": np.int64, "f": np.float32, "b": np.bool_}


@dataclass(frozen=True, slots=True, eq=False)
class ArraySource:
    """Samples of stored arrays; bytes are scaled when a batch is asked for."""

    form: Arrays
    inputs: Inputs
    target: Tensor | None
    classes: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """What the samples are."""
        shapes = [" × ".join(map(str, x.shape[1:])) or "1" for x in tensors_of(self.inputs)]
        return f"samples of shape {' and '.join(shapes)}"

    @property
    def labelled(self) -> bool:
        """Whether there is an array y."""
        return self.target is not None

    @property
    def words(self) -> SampleWords:
        """None are needed."""
        return SampleWords()

    def digests(self) -> list[bytes]:
        """Of the inputs alone."""
        return row_digests(tensors_of(self.inputs))

    def batch(self, places: Places) -> Batch:
        """The samples at these places."""
        inputs, target = take_samples((self.inputs, self.target), torch.from_numpy(places))
        if isinstance(inputs, Tensor):
            scaled = inputs.float() / 255 if inputs.dtype == torch.uint8 else inputs
            if scaled.is_floating_point():
                scaled = standardised(scaled, self.form.mean, self.form.std)
            return scaled, target
        return inputs, target


def read_archive(path: Path, form: Arrays) -> ArraySource | dict[str, ArraySource]:
    """One source, or three that were cut before, by the name of their part.

    Raises:
        UnsupportedFileError: the archive is damaged, too large, or holds more than numbers.
        WorkloadError: the arrays do not belong together.
    """
    arrays = read_arrays(path)
    if not any(name.endswith(tuple(f"_{part}" for part in PARTS)) for name in arrays):
        return _source(arrays, form)
    sources = {}
    for part in PARTS:
        own = {
            name.removesuffix(f"_{part}"): array
            for name, array in arrays.items()
            if name.endswith(f"_{part}")
        }
        sources[part] = _source(own, form, part)
    return sources


def _source(arrays: Mapping[str, Array], form: Arrays, part: str = "") -> ArraySource:
    names = [name for name in arrays if name != "y"]
    sizes = {len(array) if array.ndim else 0 for array in arrays.values()}
    of = f" of the part {part}" if part else ""
    if not names or len(sizes) != 1 or 0 in sizes:
        told = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "none"
        raise WorkloadError(
            f"The arrays{of} must be x and, where there are labels, y, with the same samples "
            f"first; there are {told}. Name and cut them so."
        )
    tensors = {name: _tensor(name, arrays[name], keep_bytes=names == ["x"]) for name in names}
    inputs: Inputs = tensors["x"] if names == ["x"] else tensors
    target = _tensor("y", arrays["y"], keep_bytes=False) if "y" in arrays else None
    return ArraySource(form, inputs, target)


def _tensor(name: str, array: Array, *, keep_bytes: bool) -> Tensor:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise WorkloadError(f"Arrays must be finite; {name} holds NaN or infinity. Leave it out.")
    if keep_bytes and array.dtype == np.uint8:
        return torch.from_numpy(np.array(array))
    return torch.from_numpy(array.astype(_TYPES[array.dtype.kind]))


def cut_before(sources: Mapping[str, ArraySource], batch_size: int) -> DataParts:
    """Three sources as they were cut.

    Raises:
        WorkloadError: an evaluation sample stands in another part too, or only some parts have
            labels.
    """
    seen = {digest for part in PARTS[:2] for digest in sources[part].digests()}
    shared = sum(digest in seen for digest in sources["evaluation"].digests())
    if shared:
        raise WorkloadError(
            "The evaluation samples must be others than those of calibration and sweep; "
            f"{shared:,} stand in both. Remove them, or give x and y and let Quantscope cut them."
        )
    if len({source.labelled for source in sources.values()}) > 1:
        raise WorkloadError("All three parts must have labels, or none; some lack the array y.")
    batches = {
        part: SourceBatches(source, np.arange(_length(source)), batch_size)
        for part, source in sources.items()
    }
    counts = PartCounts(*(_length(sources[part]) for part in PARTS))
    first = sources["evaluation"]
    words = described(first.what, counts, "as the archive cuts them", labelled=first.labelled)
    return DataParts(
        batches["calibration"],
        batches["sweep"],
        batches["evaluation"],
        (),
        first.labelled,
        counts,
        words,
    )


def _length(source: ArraySource) -> int:
    return len(tensors_of(source.inputs)[0])
