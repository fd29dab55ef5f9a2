"""What `torch.save` wrote, examined before torch opens it; torch-free.

The archive is a zip of ``data.pkl`` and one entry a storage. The pickle is read by an unpickler
that knows nothing but tensors: it makes records of what the file claims, and any other name in it
is refused. Only then may torch load the file, and only with ``weights_only=True``.
"""

import io
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from analysis.errors import UnsupportedFileError

MAX_ENTRIES = 20_000
MAX_PICKLE_BYTES = 16 * 1024**2
_MAX_AXES = 8
_ENTRY = re.compile(r"[A-Za-z0-9_. -]{1,200}/[A-Za-z0-9_./-]{1,200}")
_GLOBAL = re.compile(r"[A-Za-z0-9_.]{1,120}")
_ITEM_BYTES = {
    "DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2,
    "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1,
    "BoolStorage": 1,
}  # fmt: skip
REMEDY = "Save the weights with safetensors.torch.save_file(model.state_dict(), path)."

CONVERT = (
    "Load it where you trust it and save the weights alone: "
    "safetensors.torch.save_file(model.state_dict(), path), or name it on the command line: "
    "quantscope add NAME --model FILE --data DATA."
)


def _refuse(what: str, remedy: str = REMEDY) -> UnsupportedFileError:
    return UnsupportedFileError(
        f"The weights must be a state dict as torch.save writes it; {what}. {remedy}"
    )


@dataclass(frozen=True, slots=True)
class _Storage:
    key: str
    item_bytes: int
    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Claims(pickle.Unpickler):
    """Records what the pickle says; nothing it names is imported or called."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self.tensors: list[_Tensor] = []

    def find_class(self, module: str, name: str) -> Any:
        known: Mapping[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): self._tensor,
            ("torch._utils", "_rebuild_parameter"): lambda data, *_: data,
        }
        if module == "torch" and name in _ITEM_BYTES:
            return name
        try:
            return known[module, name]
        except KeyError:
            shown = f"{module}.{name}"
            told = shown if _GLOBAL.fullmatch(shown) else "a Python object"
            raise _refuse(
                f"it holds {told}, which is no tensor: a whole pickled module, or code",
                "Save model.state_dict() instead of the model: "
                "torch.save(model.state_dict(), path), or as safetensors.",
            ) from None

    def persistent_load(self, pid: Any) -> _Storage:
        kind, name, key, _, count = pid
        if kind != "storage" or not isinstance(key, str) or not _is_count(count):
            raise ValueError("storage")
        return _Storage(key, _ITEM_BYTES[name], count)

    def _tensor(self, storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
        """What stands where torch would rebuild a tensor."""
        numbers = (offset, *shape, *strides)
        if not isinstance(storage, _Storage) or not all(map(_is_count, numbers)):
            raise ValueError("tensor")
        if len(shape) != len(strides) or len(shape) > _MAX_AXES:
            raise ValueError("shape")
        found = _Tensor(storage, offset, tuple(shape), tuple(strides))
        self.tensors.append(found)
        return found


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**40


def check_archive(path: Path) -> None:
    """Everything that can be known of the file without loading it.

    Raises:
        UnsupportedFileError: it is no archive of tensors, packed or overlapping, refers to
            anything but tensors, or a tensor is larger than its storage.
    """
    with _opened(path) as archive:
        entries = _entries(archive, path.stat().st_size)
        root = next((name.removesuffix("data.pkl") for name in entries if _is_pickle(name)), None)
        if root is None:
            raise _refuse("it is a zip archive without data.pkl")
        if entries[f"{root}data.pkl"].file_size > MAX_PICKLE_BYTES:
            raise _refuse("its data.pkl is larger than 16 MiB")
        claims = _Claims(archive.read(f"{root}data.pkl"))
        _read(claims)
    sizes = {name.removeprefix(f"{root}data/"): info.file_size for name, info in entries.items()}
    for tensor in claims.tensors:
        _check_tensor(tensor, sizes)
    if not claims.tensors:
        raise _refuse("it holds no tensor")


def _is_pickle(name: str) -> bool:
    return name.count("/") == 1 and name.endswith("/data.pkl")


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise _refuse(
            "this is no zip archive, or a damaged one (files of torch before 1.6 are none)"
        ) from None


def _entries(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Name to entry: stored uncompressed, named plainly, together no larger than the file."""
    infos = archive.infolist()
    if not 1 <= len(infos) <= MAX_ENTRIES:
        raise _refuse(f"it holds {len(infos)} entries, where 1 to {MAX_ENTRIES} are taken")
    names = {info.filename.partition("/")[2] for info in infos}
    if any(name.startswith("code/") or name == "constants.pkl" for name in names):
        raise _refuse("this is a TorchScript archive, which brings code of its own", CONVERT)
    if "archive_format" in names or any(name.startswith("models/") for name in names):
        raise _refuse("this is a torch.export program, whose loading can run code", CONVERT)
    if any(i.compress_type != zipfile.ZIP_STORED or i.flag_bits & 1 for i in infos):
        raise _refuse("its entries are packed or encrypted, where torch stores them as they are")
    if not all(_ENTRY.fullmatch(i.filename) and ".." not in i.filename for i in infos):
        raise _refuse("an entry has a name with other characters or folders than torch gives")
    if len({info.filename for info in infos}) != len(infos):
        raise _refuse("one of its names stands twice")
    spans = sorted((info.header_offset, info.file_size) for info in infos)
    ends = [*(start for start, _ in spans[1:]), size]
    if any(start + length > end for (start, length), end in zip(spans, ends, strict=True)):
        raise _refuse("its entries overlap, or claim to be larger than the file")
    return {info.filename: info for info in infos}


def _read(claims: _Claims) -> None:
    try:
        claims.load()
    except UnsupportedFileError:
        raise
    # an unpickler answers hostile bytes with whatever breaks first
    except Exception as error:
        raise _refuse(f"its data.pkl cannot be read ({type(error).__name__})") from error


def _check_tensor(tensor: _Tensor, sizes: Mapping[str, int]) -> None:
    """The storage has its bytes, and the tensor lies within it without repeating any."""
    storage = tensor.storage
    if sizes.get(storage.key) != storage.count * storage.item_bytes:
        raise _refuse("one of its storages has another size than the file claims")
    last = tensor.offset + sum(
        (size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True)
    )
    count = prod(tensor.shape)
    if count and (count > storage.count or last >= storage.count):
        raise _refuse("one of its tensors is larger than its storage")
