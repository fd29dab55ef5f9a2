"""A GGUF file read in plain numpy: its facts, and its tensors as float32.

The form is that of ggml's docs/gguf.md, versions 2 and 3; the block types are those of ggml's
quants. Only the types that the zoo's files hold are read.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import UnsupportedFileError

Floats = NDArray[np.float32]

_TEXT, _LIST = 8, 9
_SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_BLOCK = 32


@dataclass(slots=True)
class _Reader:
    content: bytes
    place: int = 0

    def number(self, code: str) -> Any:
        size = struct.calcsize(code)
        (value,) = struct.unpack_from(f"<{code}", self.content, self.place)
        self.place += size
        return value

    def text(self) -> str:
        length = self.number("Q")
        self.place += length
        return self.content[self.place - length : self.place].decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == _TEXT:
            return self.text()
        if kind == _LIST:
            inner, count = self.number("I"), self.number("Q")
            return [self.value(inner) for _ in range(count)]
        return self.number(_SCALARS[kind])


@dataclass(frozen=True, slots=True)
class Placed:
    """One tensor in the file.

    Attributes:
        shape: as torch counts it, the output axis first; the file counts the other way round.
        kind: number of the block type.
        start: of its first byte in the file.
    """

    shape: tuple[int, ...]
    kind: int
    start: int


@dataclass(frozen=True, slots=True, eq=False)
class GgufFile:
    """Facts by name, and where the tensors are."""

    facts: Mapping[str, Any]
    tensors: Mapping[str, Placed]
    content: bytes

    def get(self, name: str) -> Floats:
        """One tensor, dequantised.

        Raises:
            UnsupportedFileError: its block type is none of F32, Q4_1 and Q8_0.
        """
        placed = self.tensors[name]
        if placed.kind not in _DEQUANTISED:
            raise UnsupportedFileError(
                f"The tensor {name} is of ggml type {placed.kind}, which is not read here; "
                f"only {', '.join(map(str, _DEQUANTISED))} are."
            )
        count = int(np.prod(placed.shape))
        view = memoryview(self.content)[placed.start :]
        return _DEQUANTISED[placed.kind](view, count).reshape(placed.shape)


def read_gguf(content: bytes) -> GgufFile:
    """Read the header of a GGUF file.

    Raises:
        UnsupportedFileError: it is no GGUF file of version 2 or 3.
    """
    reader = _Reader(content, 4)
    version = reader.number("I") if content.startswith(b"GGUF") else None
    if version not in (2, 3):
        raise UnsupportedFileError("The weights must be a GGUF file of version 2 or 3.")
    tensors, facts_count = reader.number("Q"), reader.number("Q")
    facts: dict[str, Any] = {}
    for _ in range(facts_count):
        name = reader.text()
        facts[name] = reader.value(reader.number("I"))
    listed = [_listed(reader) for _ in range(tensors)]
    step = facts.get("general.alignment", _BLOCK)
    begin = -(-reader.place // step) * step
    placed = {name: Placed(shape, kind, begin + offset) for name, shape, kind, offset in listed}
    return GgufFile(facts, placed, content)


def _listed(reader: _Reader) -> tuple[str, tuple[int, ...], int, int]:
    name = reader.text()
    shape = [reader.number("Q") for _ in range(reader.number("I"))]
    return name, tuple(reversed(shape)), reader.number("I"), reader.number("Q")


def _f32(content: memoryview, count: int) -> Floats:
    return np.frombuffer(content, "<f4", count).astype(np.float32)


def _q8_0(content: memoryview, count: int) -> Floats:
    """Blocks of a scale (f16) and 32 signed codes: scale * code."""
    kind = np.dtype([("scale", "<f2"), ("codes", "i1", _BLOCK)])
    blocks = np.frombuffer(content, kind, count // _BLOCK)
    return blocks["scale"].astype(np.float32)[:, None] * blocks["codes"].astype(np.float32)


def _q4_1(content: memoryview, count: int) -> Floats:
    """Blocks of a scale, a minimum (f16) and 32 codes of 4 bits, low halves first."""
    kind = np.dtype([("scale", "<f2"), ("low", "<f2"), ("codes", "u1", _BLOCK // 2)])
    blocks = np.frombuffer(content, kind, count // _BLOCK)
    codes = np.concatenate([blocks["codes"] & 15, blocks["codes"] >> 4], 1).astype(np.float32)
    scale, low = (blocks[name].astype(np.float32)[:, None] for name in ("scale", "low"))
    return scale * codes + low


_DEQUANTISED: Mapping[int, Callable[[memoryview, int], Floats]] = {0: _f32, 3: _q4_1, 8: _q8_0}
