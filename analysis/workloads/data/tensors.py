"""Samples that are tensors in memory already."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import torch
from torch import Tensor

from analysis.workloads.data.split import Places
from analysis.workloads.data.words import SampleWords
from analysis.workloads.parts import take_samples, tensors_of
from analysis.workloads.workload import Batch, Inputs


def row_digests(tensors: Sequence[Tensor]) -> list[bytes]:
    """One digest for each row over all tensors."""
    columns = [tensor.contiguous().flatten(1) if tensor.dim() > 1 else tensor for tensor in tensors]
    arrays = [column.numpy() for column in columns]
    return [
        blake2b(b"|".join(array[row].tobytes() for array in arrays), digest_size=16).digest()
        for row in range(len(arrays[0]))
    ]


@dataclass(frozen=True, slots=True, eq=False)
class TensorSource:
    """Inputs and targets of all samples."""

    what: str
    inputs: Inputs
    target: Tensor | None
    classes: tuple[str, ...] = ()
    words: SampleWords = field(default_factory=SampleWords)

    @property
    def labelled(self) -> bool:
        """Whether there are targets."""
        return self.target is not None

    def digests(self) -> list[bytes]:
        """Of the inputs alone: equal inputs with other targets are duplicates too."""
        return row_digests(tensors_of(self.inputs))

    def batch(self, places: Places) -> Batch:
        """The samples at these places."""
        return take_samples((self.inputs, self.target), torch.from_numpy(places))
