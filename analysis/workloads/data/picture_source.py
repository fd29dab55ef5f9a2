"""Images as samples, decoded when a batch is asked for."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

import numpy as np
import torch
from torch import Tensor

from analysis.workloads.data.form import Pictures
from analysis.workloads.data.picture import decode_picture
from analysis.workloads.data.picture_files import PictureFile
from analysis.workloads.data.split import Places
from analysis.workloads.data.words import SampleWords
from analysis.workloads.workload import Batch


def standardised(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """(images - mean) / std for each channel, the second axis; float32."""
    shape = (-1, *[1] * (images.dim() - 2))
    if mean:
        images = images - torch.tensor(mean).reshape(shape)
    return images / torch.tensor(std).reshape(shape) if std else images


@dataclass(frozen=True, slots=True, eq=False)
class PictureSource:
    """Image files with their classes.

    Attributes:
        form: size and values that the model takes.
        reads: gives each file's content.
        sizes: bytes of each file.
        targets: class numbers, (samples,); None without labels.
        classes: names of the classes.
    """

    form: Pictures
    reads: Sequence[Callable[[], bytes]]
    sizes: Sequence[int]
    targets: Tensor | None
    classes: tuple[str, ...]

    @classmethod
    def of_files(cls, form: Pictures, files: Sequence[PictureFile]) -> Self:
        """Files in class folders; the classes are the folders' names in sorted order."""
        classes = tuple(sorted({file.folder for file in files if file.folder}))
        numbers = {name: number for number, name in enumerate(classes)}
        targets = torch.tensor([numbers[file.folder] for file in files]) if classes else None
        reads = [file.read for file in files]
        return cls(form, reads, [file.size for file in files], targets, classes)

    @property
    def what(self) -> str:
        """What the samples are."""
        height, width = self.form.size
        of = f" of {len(self.classes)} classes" if self.classes else ""
        return f"images{of}, {height} × {width} pixels"

    @property
    def labelled(self) -> bool:
        """Whether the files lie in class folders."""
        return self.targets is not None

    @property
    def words(self) -> SampleWords:
        """None are needed."""
        return SampleWords()

    def digests(self) -> list[bytes]:
        """Files of a size of their own are no duplicates; of the others the content is hashed."""
        same = Counter(self.sizes)
        return [
            size.to_bytes(8) if same[size] == 1 else blake2b(read(), digest_size=16).digest()
            for size, read in zip(self.sizes, self.reads, strict=True)
        ]

    def batch(self, places: Places) -> Batch:
        """Read and decode the files at these places."""
        pixels = [decode_picture(self.reads[place](), self.form) for place in places]
        images = torch.from_numpy(np.stack(pixels)).float() / 255
        target = None if self.targets is None else self.targets[torch.from_numpy(places)]
        return standardised(images, self.form.mean, self.form.std), target
