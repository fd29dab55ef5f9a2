"""Values to columns and back."""

import json
import zlib
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis import serial
from analysis.errors import StorageError

T = TypeVar("T")

_FLOAT64 = np.dtype("<f8")


def pack(value: Any) -> str:
    """One value as compact JSON."""
    return json.dumps(serial.to_plain(value), separators=(",", ":"))


def unpack(kind: type[T], text: str) -> T:
    """A value that `pack` wrote.

    Raises:
        StorageError: the row is damaged, or of another version of Quantscope.
    """
    return serial.from_plain(kind, json.loads(text), StorageError, f"stored {kind.__name__}")


def deflate(text: str) -> bytes:
    """Text as a small blob."""
    return zlib.compress(text.encode(), level=1)


def inflate(blob: bytes) -> str:
    """What `deflate` wrote."""
    return zlib.decompress(blob).decode()


def array_bytes(values: NDArray[np.float64]) -> bytes:
    """The numbers row by row, float64, little-endian."""
    return np.ascontiguousarray(values, dtype=_FLOAT64).tobytes()


def array_of(blob: bytes, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """What `array_bytes` wrote."""
    return np.frombuffer(blob, dtype=_FLOAT64).reshape(shape).astype(np.float64)
