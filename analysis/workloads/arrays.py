"""Arrays of an `.npz` archive, read with suspicion; torch-free.

Every array's header is checked against the size of its zip entry before its data is read, so
nothing is allocated that the file merely claims, and no pickle is ever opened.
"""

import io
import re
import zipfile
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from analysis.errors import UnsupportedFileError

MAX_EXPANDED_BYTES = 512 * 1024**2
MAX_ENTRIES = 16
_MAX_NPY_HEADER = 10_000
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}\.npy")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

Array = NDArray[Any]


def _refuse(
    what: str, remedy: str = "Save it again with numpy.savez_compressed."
) -> UnsupportedFileError:
    return UnsupportedFileError(
        f"The data must be an .npz archive of plain arrays; {what}. {remedy}"
    )


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Array name to zip entry; names, number and sizes checked."""
    infos = archive.infolist()
    if not 1 <= len(infos) <= MAX_ENTRIES:
        raise _refuse(f"this one holds {len(infos)} entries, where 1 to {MAX_ENTRIES} are taken")
    if sum(info.file_size for info in infos) > MAX_EXPANDED_BYTES:
        raise _refuse(
            f"unpacked it is larger than {MAX_EXPANDED_BYTES // 1024**2} MiB",
            "Keep fewer samples, or store the images as uint8.",
        )
    # a name that was not checked is never quoted: it may hold markup
    if not all(_NAME.fullmatch(info.filename) for info in infos):
        raise _refuse("one of its entries is not named like an array (x.npy)")
    if len({info.filename for info in infos}) != len(infos):
        raise _refuse("one of its names stands twice")
    if any(info.flag_bits & 1 or info.compress_type not in _METHODS for info in infos):
        raise _refuse("it is encrypted or packed in an unusual way")
    return {info.filename.removesuffix(".npy"): info for info in infos}


def _read_form(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, Fortran order and type from one `.npy` header."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file, _MAX_NPY_HEADER)
    if version == (2, 0):
        return np.lib.format.read_array_header_2_0(file, _MAX_NPY_HEADER)
    raise ValueError(version)


def _read(file: IO[bytes], name: str, size: int) -> Array:
    """One array of an entry that unpacks to `size` bytes."""
    try:
        shape, fortran, dtype = _read_form(file)
    except ValueError:
        raise _refuse(f"the header of its array {name} cannot be read") from None
    if dtype.kind not in "fiub":
        raise _refuse(
            f"its array {name} holds Python objects, texts or records",
            "Store numbers only; pickled objects are never opened.",
        )
    if min(shape, default=0) < 0 or prod(shape) * dtype.itemsize != size - file.tell():
        raise _refuse(f"the shape of its array {name} does not match its size")
    values: Array = np.frombuffer(file.read(), dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def read_arrays(source: Path | bytes) -> Mapping[str, Array]:
    """All arrays by name, read-only.

    Args:
        source: the file, or its content.

    Raises:
        UnsupportedFileError: the archive is damaged, too large, or holds more than numbers.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(
            io.BytesIO(source) if isinstance(source, bytes) else source
        ) as archive:
            for name, info in _entries(archive).items():
                with archive.open(info) as file:
                    arrays[name] = _read(file, name, info.file_size)
    except (UnsupportedFileError, MemoryError):
        raise
    # zipfile, zlib and numpy answer hostile bytes with whatever breaks first
    except Exception as error:
        raise _refuse(f"this one cannot be unpacked ({type(error).__name__})") from error
    return arrays
