"""Values to columns and back."""

import json
import zlib
from functools import lru_cache
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from analysis import serial
from analysis.errors import StorageError

T = TypeVar("T")

SHORT = 65_536
"""Characters up to which a text's value is kept: pages read the same rows at every click."""


def pack(value: Any) -> str:
    """One value as compact JSON."""
    return json.dumps(serial.to_plain(value), separators=(",", ":"), allow_nan=False)


def unpack(kind: type[T], text: str) -> T:
    """A value that `pack` wrote; the same text may give the same object, so do not change it.

    Raises:
        StorageError: the row is damaged, or of another version of Quantscope.
    """
    found: T = _kept(cast(Any, kind), text) if len(text) <= SHORT else _parsed(kind, text)
    return found


def _parsed(kind: type[T], text: str) -> T:
    return serial.from_plain(kind, json.loads(text), StorageError, f"stored {kind.__name__}")


@lru_cache(maxsize=256)
def _kept(kind: type[Any], text: str) -> Any:
    return _parsed(kind, text)


def deflate(text: str) -> bytes:
    """Text as a small blob."""
    return zlib.compress(text.encode(), level=1)


def inflate(blob: bytes) -> str:
    """What `deflate` wrote."""
    return zlib.decompress(blob).decode()


def array_bytes(values: NDArray[np.floating]) -> bytes:
    """The numbers row by row, little-endian, in their own precision."""
    return np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<")).tobytes()


def doubles(blob: bytes, rows: int) -> NDArray[np.float64]:
    """What `array_bytes` wrote of float64, (rows, columns)."""
    return _table(blob, "<f8", rows).astype(np.float64)


def floats(blob: bytes, rows: int) -> NDArray[np.float32]:
    """What `array_bytes` wrote of float32, (rows, columns)."""
    return _table(blob, "<f4", rows).astype(np.float32)


def _table(blob: bytes, kind: str, rows: int) -> NDArray[np.floating]:
    numbers = np.frombuffer(blob, dtype=kind)
    return numbers.reshape(rows, len(numbers) // rows if rows else 0)
