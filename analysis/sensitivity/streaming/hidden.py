"""Hidden states and their gradients, kept in files between the passes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class HiddenStates:
    """float32 tensors of one shape by a key; none is in memory, none is mapped."""

    folder: Path
    shape: tuple[int, ...]

    def put(self, key: str, value: Tensor) -> None:
        """Write one tensor, in place of an earlier one."""
        value.detach().contiguous().numpy().tofile(self.folder / key)

    def get(self, key: str) -> Tensor:
        """Read it back, bit by bit the same."""
        return torch.from_numpy(np.fromfile(self.folder / key, np.float32)).reshape(self.shape)


@contextmanager
def hidden_states(shape: tuple[int, ...]) -> Iterator[HiddenStates]:
    """A folder for them while the context lasts."""
    with TemporaryDirectory(prefix="quantscope-hidden-") as place:
        yield HiddenStates(Path(place), shape)
