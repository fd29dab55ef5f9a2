"""Stored cases: a folder each under the data directory, whole or not at all; torch-free.

``uploads/ID`` holds what a browser sent, files included, under names of our own; ``added/NAME``
holds what the command line registered, whose files stay where they are.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from analysis import serial
from analysis.errors import StorageError, UnknownWorkloadError, UnsupportedFileError
from analysis.paths import home_dir
from analysis.workloads.cases.record import UPLOAD, Case

MAX_UPLOADS = 200
_FILE = "case.json"
_FACTS = "facts.json"
_ID = re.compile(r"[0-9a-f]{24}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What opening a case found.

    Attributes:
        samples: of all three parts.
        parameters: values of the whole model.
        layers: weights that can be quantised.
        data: what the data are and how they were cut.
        metric: of the task; None without labels.
    """

    samples: int
    parameters: int
    layers: int
    data: str
    metric: str | None


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case with the folder it lies in."""

    case: Case
    folder: Path

    @property
    def facts(self) -> CaseFacts | None:
        """What opening it found; None for one that was never opened."""
        file = self.folder / _FACTS
        if not file.is_file():
            return None
        body = serial.parse_object(
            file.read_text(encoding="utf-8"), UnsupportedFileError, "stored case"
        )
        return serial.from_plain(CaseFacts, body, UnsupportedFileError, "stored case")


def uploads_dir() -> Path:
    """Folder of all cases that browsers sent."""
    return home_dir() / "uploads"


def added_dir() -> Path:
    """Folder of all cases that the command line registered."""
    return home_dir() / "added"


def upload_source(case: Case, files: Mapping[str, bytes]) -> str:
    """The source of an upload: the same files of the same owner are one."""
    digest = sha256(serial.dumps(replace(case, source="")).encode())
    for name, content in sorted(files.items()):
        digest.update(f"|{name}|{len(content)}|".encode())
        digest.update(content)
    return UPLOAD + digest.hexdigest()[:24]


@contextmanager
def staged(case: Case, files: Mapping[str, bytes]) -> Iterator[Path]:
    """A temporary folder with the case and its files, gone afterwards unless it was published.

    Args:
        case: its paths are names of `files`, or absolute.
        files: plain names of our own to contents.

    Raises:
        StorageError: it cannot be written.
    """
    root = _root(case)
    with _written(root):
        root.mkdir(parents=True, exist_ok=True)
        if case.uploaded and sum(1 for _ in root.iterdir()) >= MAX_UPLOADS:
            raise StorageError(
                f"This server keeps at most {MAX_UPLOADS} uploads; whoever runs it must remove "
                f"folders under {str(root)!r} first."
            )
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=root))
    try:
        with _written(root):
            for name, content in files.items():
                (part / name).write_bytes(content)
            (part / _FILE).write_text(serial.dumps(case), encoding="utf-8")
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def publish(part: Path, case: Case, facts: CaseFacts) -> Path:
    """Give a staged folder its name; another session may have stored the same meanwhile."""
    folder = case_folder(case.source)
    with _written(folder.parent):
        (part / _FACTS).write_text(serial.dumps(facts), encoding="utf-8")
        if not case.uploaded:
            shutil.rmtree(folder, ignore_errors=True)  # a name that is registered anew
        try:
            part.rename(folder)
        except OSError:
            if not folder.is_dir():
                raise
    return folder


@contextmanager
def _written(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"The model and its data must be written under {str(root)!r}; that fails: "
            f"{error.strerror}. Free some space, or set QUANTSCOPE_HOME to a folder that can be "
            "written."
        ) from None


def _root(case: Case) -> Path:
    return uploads_dir() if case.uploaded else added_dir()


def case_folder(source: str) -> Path:
    """Where the case of a source lies, or would lie.

    Raises:
        UnknownWorkloadError: the source has no form that a case could have.
    """
    # checked before it becomes part of a path
    if source.startswith(UPLOAD) and _ID.fullmatch(source.removeprefix(UPLOAD)):
        return uploads_dir() / source.removeprefix(UPLOAD)
    if _NAME.fullmatch(source):
        return added_dir() / source
    raise UnknownWorkloadError(_GONE)


_GONE = "This upload does not exist (any more); upload the model and its data again."


def is_case(source: str) -> bool:
    """Whether a case of that source is stored, or the source is one of an upload."""
    if source.startswith(UPLOAD):
        return True
    return bool(_NAME.fullmatch(source)) and (added_dir() / source / _FILE).is_file()


def find_case(source: str) -> StoredCase:
    """The stored case of that source.

    Raises:
        UnknownWorkloadError: there is none (any more).
        UnsupportedFileError: its record is damaged.
    """
    folder = case_folder(source)
    if not (folder / _FILE).is_file():
        raise UnknownWorkloadError(_GONE)
    return read_case(folder)


def read_case(folder: Path) -> StoredCase:
    """The case of a folder.

    Raises:
        UnsupportedFileError: its record is damaged.
    """
    text = (folder / _FILE).read_text(encoding="utf-8")
    body = serial.parse_object(text, UnsupportedFileError, "stored case")
    return StoredCase(serial.from_plain(Case, body, UnsupportedFileError, "stored case"), folder)


def delete_upload(source: str, *, owner: str) -> None:
    """Remove what a browser sent, model and data; what was computed from it stays.

    Raises:
        UnknownWorkloadError: there is no such upload of this owner (any more).
        StorageError: the folder cannot be removed.
    """
    found = find_case(source)
    if not found.case.uploaded or found.case.owner != owner:
        raise UnknownWorkloadError(_GONE)
    gone = found.folder.with_name(f".gone-{found.folder.name}")
    try:
        found.folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise StorageError(
            f"An upload must lie where it can be removed, and {str(found.folder)!r} cannot "
            f"({error.strerror}); whoever runs this server must check its permissions."
        ) from None


def uploaded_cases(owner: str) -> tuple[StoredCase, ...]:
    """Uploads of one owner, newest first."""
    return tuple(found for found in _cases(uploads_dir(), _ID) if found.case.owner == owner)


def added_cases() -> tuple[StoredCase, ...]:
    """What the command line registered, newest first."""
    return tuple(_cases(added_dir(), _NAME))


def _cases(root: Path, name: "re.Pattern[str]") -> Iterator[StoredCase]:
    files = sorted(root.glob(f"*/{_FILE}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for file in files:
        # one damaged record must not take the list, and with it every page, from its owner
        if name.fullmatch(file.parent.name):
            with suppress(UnsupportedFileError):
                yield read_case(file.parent)
