"""The last norm and the output layer, whose table is never in memory as a whole.

The table of SmolLM2 is as large as eight of its blocks. Logits are made from a run of its rows at a
time, gradients from a run of its columns: each value is then the same sum in the same order as when
the whole table is multiplied at once, so nothing changes, to the bit.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.sensitivity.streaming.source import StreamSource
from analysis.workloads.decoder.net import RmsNorm

PARTS, LEAST_COLUMNS = 8, 64
"""Runs of columns that a table is cut into; narrower ones would be multiplied in another way."""


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Reads its table again for every sample and direction.

    Attributes:
        norm: before the output layer.
        table: name of the output layer's weight, (vocabulary, width); it may be the embedding's.
        columns: files of the table's columns, a run of them in each.
        room: for the logits of a window, which are the largest tensor of all.
    """

    source: StreamSource
    norm: RmsNorm
    table: str
    columns: tuple[Path, ...]
    room: Tensor

    def logits(self, x: Tensor) -> Tensor:
        """(1, length, width) to (1, length, vocabulary), until the next ones are asked for."""
        with torch.no_grad():
            y = self.norm(x)
            for start, rows in self.source.weights.pieces(self.table):
                self.room[..., start : start + len(rows)] = F.linear(y, rows)
        return self.room

    def gradient(self, x: Tensor, direction: Tensor) -> Tensor:
        """Gradient at x of the logits' inner product with a direction of their shape."""
        flat = direction.flatten(0, -2)
        outer = torch.cat([_product(flat, file) for file in self.columns], 1).reshape(x.shape)
        leaf = x.detach().requires_grad_()
        with torch.enable_grad():
            y = self.norm(leaf)
        (found,) = torch.autograd.grad(y, leaf, outer)
        return found


def _product(flat: Tensor, file: Path) -> Tensor:
    """(positions, vocabulary) times a file of (vocabulary, columns)."""
    return flat @ torch.from_numpy(np.fromfile(file, np.float32)).reshape(flat.shape[1], -1)


def load_head(source: StreamSource, folder: Path) -> Head:
    """Read the last norm, and write the table's columns into a folder."""
    table = "model.embed_tokens.weight" if source.config.tied else "lm_head.weight"
    weight = source.weights.get("model.norm.weight")
    norm = RmsNorm(len(weight), source.config.norm_eps)
    norm.weight = nn.Parameter(weight)
    room = torch.empty(1, source.windows.tokens.shape[1], source.config.vocabulary)
    return Head(source, norm.eval(), table, _column_files(source, table, folder), room)


def _column_files(source: StreamSource, table: str, folder: Path) -> tuple[Path, ...]:
    """Write the runs of columns, reading the table once."""
    width = source.config.width
    step = max(LEAST_COLUMNS, -(-width // PARTS))
    files = [folder / f"columns-{start}" for start in range(0, width, step)]
    with ExitStack() as stack:
        opened = [stack.enter_context(file.open("wb")) for file in files]
        for _, rows in source.weights.pieces(table):
            for file, part in zip(opened, torch.split(rows, step, 1), strict=True):
                part.contiguous().numpy().tofile(file)
    return tuple(files)
