"""Tensors of a decoder's folder, read one by one from its safetensors files.

They are read, not mapped: a mapped file's pages stay resident, so that streaming block by block
would end with the whole model in memory.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from analysis.errors import UnsupportedFileError
from analysis.workloads.decoder.config import read_config
from analysis.workloads.decoder.net import Decoder
from analysis.workloads.safetensors_header import TensorEntry, read_header

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
PIECE_BYTES = 4 * 1024**2
"""Of a tensor that is read piece by piece."""

M = TypeVar("M", bound=nn.Module)

_DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


@dataclass(frozen=True, slots=True)
class Stored:
    """Where one tensor lies; `begin` is where the file's tensors begin."""

    file: Path
    begin: int
    entry: TensorEntry


@dataclass(frozen=True, slots=True)
class StoredWeights:
    """The tensors of a folder by name; one is in memory only while somebody holds it."""

    tensors: Mapping[str, Stored]

    def get(self, name: str) -> Tensor:
        """One tensor as float32, a copy of its own.

        Raises:
            UnsupportedFileError: there is none of that name, or it is of another type.
        """
        stored = self._stored(name)
        entry = stored.entry
        value = _read(stored, 0, entry.stop - entry.start).reshape(entry.shape)
        return value.float()

    def pieces(self, name: str) -> Iterator[tuple[int, Tensor]]:
        """One tensor cut along its first axis, some MB at a time.

        Yields:
            Number of the piece's first row, and its rows as float32.

        Raises:
            UnsupportedFileError: as for `get`.
        """
        stored = self._stored(name)
        rows, *rest = stored.entry.shape
        row_bytes = (stored.entry.stop - stored.entry.start) // max(rows, 1)
        step = max(1, PIECE_BYTES // max(row_bytes, 1))
        for start in range(0, rows, step):
            stop = min(start + step, rows)
            value = _read(stored, start * row_bytes, stop * row_bytes)
            yield start, value.reshape(stop - start, *rest).float()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of one tensor.

        Raises:
            UnsupportedFileError: as for `get`.
        """
        return self._stored(name).entry.shape

    def _stored(self, name: str) -> Stored:
        stored = self.tensors.get(name)
        if stored is None or stored.entry.dtype not in _DTYPES:
            raise UnsupportedFileError(
                f"The folder must hold the tensor {name:.200} as F32, F16 or BF16, and does not; "
                "it may be of another model than its config.json says."
            )
        return stored

    def fill(self, module: nn.Module, prefix: str) -> None:
        """Give a module of `empty` its parameters; those that share storage are read once."""
        made: dict[int, nn.Parameter] = {}
        for path, owner in module.named_modules():
            for name, empty_one in owner.named_parameters(recurse=False):
                if id(empty_one) not in made:
                    full = f"{prefix}{path}.{name}" if path else f"{prefix}{name}"
                    made[id(empty_one)] = nn.Parameter(self._shaped(full, empty_one))
                owner._parameters[name] = made[id(empty_one)]

    def _shaped(self, name: str, wanted: Tensor) -> Tensor:
        stored = self.get(name)
        if stored.shape != wanted.shape:
            raise UnsupportedFileError(
                f"The tensor {name} must have the shape {tuple(wanted.shape)} that config.json "
                f"says; it has {tuple(stored.shape)}."
            )
        return stored


def _read(stored: Stored, start: int, stop: int) -> Tensor:
    """So many bytes of a tensor as flat values of its own type, in memory of their own."""
    content = bytearray(stop - start)
    with stored.file.open("rb", buffering=0) as file:
        file.seek(stored.begin + stored.entry.start + start)
        file.readinto(content)
    return torch.frombuffer(content, dtype=_DTYPES[stored.entry.dtype])


def stored_weights(folder: Path) -> StoredWeights:
    """The tensors of a folder's safetensors files, whose headers alone are read.

    Raises:
        UnsupportedFileError: a file is missing or damaged.
    """
    found: dict[str, Stored] = {}
    for file in _files(folder):
        if not file.is_file():
            raise UnsupportedFileError(
                f"A decoder's folder must hold {file.name:.100}; {folder.name} does not."
            )
        entries = read_header(file)
        # the tensors fill the rest of the file without gaps, as read_header checks
        begin = file.stat().st_size - max(entry.stop for entry in entries.values())
        found |= {name: Stored(file, begin, entry) for name, entry in entries.items()}
    return StoredWeights(found)


def _files(folder: Path) -> list[Path]:
    """The safetensors files; an index names the parts of a large model."""
    index = folder / INDEX
    if not index.is_file():
        return [folder / SINGLE]
    names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
    if any(Path(name).name != name for name in names):
        raise UnsupportedFileError(f"{INDEX} must name files of its own folder.")
    return [folder / name for name in names]


def empty(make: Callable[[], M]) -> M:
    """A module whose parameters take no memory yet."""
    with torch.device("meta"):
        return make()


def load_decoder(folder: Path) -> Decoder:
    """The whole model in memory, float32, in eval mode."""
    config = read_config(folder)
    model = empty(lambda: Decoder(config))
    stored_weights(folder).fill(model, "")
    return model.eval()
