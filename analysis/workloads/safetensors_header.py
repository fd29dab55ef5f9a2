"""The header of a safetensors file, read with suspicion and before anything else; torch-free.

Layout: 8 bytes little-endian length, that many bytes of JSON, then the tensors' bytes without
gaps. Nothing is allocated that the header merely claims.
"""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any

from analysis.errors import UnsupportedFileError

MAX_HEADER_BYTES = 4 * 1024**2
MAX_TENSORS = 20_000
_MAX_AXES = 8
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,200}")
_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
_KEYS = {"dtype", "shape", "data_offsets"}


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """What the header says of one tensor; `start` and `stop` count from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    stop: int


def _refuse(what: str) -> UnsupportedFileError:
    return UnsupportedFileError(
        f"The weights must be a safetensors file; {what}. Save them again with "
        "safetensors.torch.save_file(model.state_dict(), path)."
    )


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _parse(file: IO[bytes], size: int) -> tuple[dict[str, Any], int]:
    """The JSON object and the number of bytes that follow it."""
    if size < 8:
        raise _refuse(f"this file has only {size} bytes")
    length = int.from_bytes(file.read(8), "little")
    rest = size - 8 - length
    if length > MAX_HEADER_BYTES or rest < 0:
        raise _refuse("its header claims to be longer than the file or than 4 MiB")
    try:
        header = json.loads(file.read(length), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise _refuse("its header is no valid JSON, or names a tensor twice") from None
    if not isinstance(header, dict):
        raise _refuse("its header is no JSON object")
    return header, rest


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40


def _are_counts(value: object) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_AXES and all(map(_is_count, value))


def _entry(place: int, name: str, body: object) -> TensorEntry:
    # a name that was not checked is never quoted: it may hold markup
    if not _NAME.fullmatch(name):
        raise _refuse(
            f"the name of its tensor {place} holds something else than letters, digits and "
            "_ . : / -, or is longer than 200 characters"
        )
    if not isinstance(body, dict) or set(body) != _KEYS:
        raise _refuse(f"tensor {name} has not exactly the fields dtype, shape and data_offsets")
    dtype, shape, offsets = body["dtype"], body["shape"], body["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _BYTES:
        raise _refuse(f"tensor {name} is of none of the types {', '.join(_BYTES)}")
    if not _are_counts(shape) or not _are_counts(offsets) or len(offsets) != 2:
        raise _refuse(f"tensor {name} has an impossible shape or impossible offsets")
    start, stop = offsets
    if stop - start != prod(shape) * _BYTES[dtype]:
        raise _refuse(f"tensor {name} has offsets that do not match its shape and type")
    return TensorEntry(dtype, tuple(shape), start, stop)


def read_header(source: Path | bytes) -> Mapping[str, TensorEntry]:
    """Name to entry, in the order of the file.

    Args:
        source: the file, of which only the header is read, or its content.

    Raises:
        UnsupportedFileError: the header is damaged or hostile.
    """
    if isinstance(source, bytes):
        return _checked(*_parse(io.BytesIO(source), len(source)))
    with source.open("rb") as file:
        return _checked(*_parse(file, source.stat().st_size))


def _checked(header: dict[str, Any], rest: int) -> Mapping[str, TensorEntry]:
    """The entries, which must fill the rest of the file without gaps."""
    if not isinstance(header.pop("__metadata__", {}), dict):
        raise _refuse("its metadata is no JSON object")
    if not 1 <= len(header) <= MAX_TENSORS:
        raise _refuse(f"it holds {len(header)} tensors, where 1 to {MAX_TENSORS} are taken")
    entries = {
        name: _entry(place, name, body) for place, (name, body) in enumerate(header.items(), 1)
    }
    end = 0
    for name, entry in sorted(entries.items(), key=lambda pair: (pair[1].start, pair[1].stop)):
        if entry.start != end:
            raise _refuse(f"tensor {name} overlaps its neighbour or leaves a gap")
        end = entry.stop
    if end != rest:
        raise _refuse(f"its tensors need {end} bytes where {rest} follow the header")
    return entries
