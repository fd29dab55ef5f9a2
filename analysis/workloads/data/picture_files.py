"""The image files of a folder or a zip archive with one folder for each class; torch-free."""

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from analysis.errors import UnsupportedFileError
from analysis.workloads.data.names import JUNK, class_name, entry_parts
from analysis.workloads.data.picture import MAX_FILE_BYTES, SUFFIXES

MAX_FILES = 200_000
MAX_EXPANDED_BYTES = 8 << 30
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class PictureFile:
    """One image file that is read when it is needed.

    Attributes:
        folder: name of its class; empty where the files lie in no class folder.
        size: bytes.
        read: gives the content.
    """

    folder: str
    size: int
    read: Callable[[], bytes]


def folder_pictures(folder: Path) -> tuple[PictureFile, ...]:
    """The image files under a folder; its folders are the classes.

    Raises:
        UnsupportedFileError: there are none, too many, or a class has a name that is not shown.
    """
    found = []
    for file in sorted(folder.rglob("*")):
        parts = file.relative_to(folder).parts
        if _is_picture(parts) and file.is_file():
            found.append((parts, PictureFile("", file.stat().st_size, partial(_read, file))))
    return _by_class(found)


def _read(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(MAX_FILE_BYTES + 1)


def archive_pictures(path: Path) -> tuple[PictureFile, ...]:
    """The image files of a zip archive, unpacked one by one and never written anywhere.

    Raises:
        UnsupportedFileError: the archive is damaged or too large, a name leads out of it, or it
            holds no image.
    """
    try:
        archive = zipfile.ZipFile(path)
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except Exception as error:
        raise _refused(f"this one cannot be opened ({type(error).__name__})") from error
    if len(infos) > MAX_FILES or sum(info.file_size for info in infos) > MAX_EXPANDED_BYTES:
        raise _refused(
            f"this one holds more than {MAX_FILES:,} files or {MAX_EXPANDED_BYTES >> 30} GiB"
        )
    found = []
    for info in sorted(infos, key=lambda info: info.filename):
        parts = entry_parts(info.filename)
        if not _is_picture(parts):
            continue
        if info.flag_bits & 1 or info.compress_type not in _METHODS:
            raise _refused("this one is encrypted or packed in an unusual way")
        found.append((parts, PictureFile("", info.file_size, partial(_unpack, archive, info))))
    return _by_class(found)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """At most what the directory declares; a bomb declares less than it holds."""
    if info.file_size > MAX_FILE_BYTES:
        raise _refused(f"one of its files has {info.file_size:,} bytes")
    try:
        with archive.open(info) as stream:
            content = stream.read(info.file_size + 1)
    except Exception as error:
        raise _refused(f"one of its files cannot be unpacked ({type(error).__name__})") from error
    if len(content) != info.file_size:
        raise _refused("one of its files has another size than the archive declares")
    return content


def _refused(what: str) -> UnsupportedFileError:
    return UnsupportedFileError(
        f"Images must come in a plain zip archive with one folder for each class; {what}. "
        "Pack the folder again, or give the folder itself."
    )


def _is_picture(parts: tuple[str, ...]) -> bool:
    if any(part in JUNK or part.startswith(".") for part in parts):
        return False
    return "." + parts[-1].rpartition(".")[2].lower() in SUFFIXES


def _by_class(found: Sequence[tuple[tuple[str, ...], PictureFile]]) -> tuple[PictureFile, ...]:
    """Files with their class: the first folder that is not the same for all."""
    if not found:
        raise UnsupportedFileError(
            "The data must hold PNG, JPEG, BMP or WebP images in one folder for each class; there "
            "is none. Check the path."
        )
    if len(found) > MAX_FILES:
        raise _refused(f"there are more than {MAX_FILES:,} files")
    depth = 0
    while all(len(parts) > depth + 2 for parts, _ in found) and (
        len({parts[depth] for parts, _ in found}) == 1
    ):
        depth += 1
    folders = [parts[depth] if len(parts) > depth + 1 else "" for parts, _ in found]
    if "" in folders and any(folders):
        raise UnsupportedFileError(
            "All images must lie in class folders, or none; some lie beside the folders. Move or "
            "remove them."
        )
    names = {folder: class_name(folder) if folder else "" for folder in set(folders)}
    return tuple(
        PictureFile(names[folder], file.size, file.read)
        for folder, (_, file) in zip(folders, found, strict=True)
    )
