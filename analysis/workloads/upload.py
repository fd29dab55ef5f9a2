"""Uploaded weights and data: checked as bytes, stored whole or not at all; torch-free.

A stored upload is a folder under the data directory, named by the content's digest:
``model.safetensors``, ``data.npz`` and ``meta.json``. Names given by a user are shown, never
used as paths.
"""

import re
import shutil
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from math import prod
from pathlib import Path

from analysis import serial
from analysis.errors import StorageError, UnknownWorkloadError, UnsupportedFileError
from analysis.paths import home_dir
from analysis.workloads.architectures import ArchitectureForm, architecture_form
from analysis.workloads.arrays import read_arrays
from analysis.workloads.safetensors_header import read_header
from analysis.workloads.samples import cut_samples

PREFIX = "upload:"
MAX_FILE_BYTES = 200 * 1024**2
MAX_UPLOADS = 200
_ID = re.compile(r"[0-9a-f]{24}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_. -]+")


@dataclass(frozen=True, slots=True)
class Upload:
    """One stored upload, as ``meta.json`` has it.

    Attributes:
        id: digest of content and owner.
        model_name, data_name: file names as given, cleaned for display.
        samples: number of samples in all parts.
        parameters: number of stored weights.
    """

    id: str
    owner: str
    architecture: str
    model_name: str
    data_name: str
    samples: int
    parameters: int

    @property
    def source(self) -> str:
        """What `load_workload` takes."""
        return PREFIX + self.id

    @property
    def title(self) -> str:
        """Name on screen."""
        return f"{Path(self.model_name).stem} · {Path(self.data_name).stem}"

    @property
    def description(self) -> str:
        """What was uploaded, in one sentence."""
        return (
            f"Uploaded {self.model_name} ({self.architecture}) "
            f"with {self.samples:,} samples of {self.data_name}."
        )

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return uploads_dir() / self.id


def uploads_dir() -> Path:
    """Folder of all stored uploads."""
    return home_dir() / "uploads"


def _clean(name: str) -> str:
    """A file name fit to be shown: no folders, no markup, at most 80 characters."""
    last = re.split(r"[/\\]", name)[-1]
    return _UNSAFE.sub("_", last).strip(" .")[-80:] or "unnamed"


def _check_size(what: str, content: bytes) -> None:
    if not 0 < len(content) <= MAX_FILE_BYTES:
        raise UnsupportedFileError(
            f"The {what} file must hold 1 byte to {MAX_FILE_BYTES // 1024**2} MiB; it has "
            f"{len(content):,} bytes. Choose another file."
        )


def _check(form: ArchitectureForm, model: bytes, data: bytes) -> tuple[int, int]:
    """Number of parameters and of samples."""
    _check_size("model", model)
    _check_size("data", data)
    parameters = sum(prod(entry.shape) for entry in read_header(model).values())
    parts = cut_samples(read_arrays(data), form)
    return parameters, sum(map(len, parts.values()))


def save_upload(
    architecture: str,
    model_bytes: bytes,
    data_bytes: bytes,
    *,
    model_name: str,
    data_name: str,
    owner: str = "local",
) -> str:
    """Check an upload and store it; the same files of the same owner are stored once.

    Args:
        architecture: name of a built-in network.
        model_bytes: a safetensors state dict.
        data_bytes: an `.npz` archive, see `samples.cut_samples`.
        model_name: file name, for display.
        data_name: likewise.
        owner: who may see it listed.

    Returns:
        The source for `load_workload`.

    Raises:
        UnknownWorkloadError: there is no such architecture.
        UnsupportedFileError: a file is damaged, too large or hostile.
        WorkloadError: the arrays do not fit the architecture.
        StorageError: the upload cannot be written.
    """
    form = architecture_form(architecture)
    parameters, samples = _check(form, model_bytes, data_bytes)
    digest = sha256(f"{architecture}|{owner}|{len(model_bytes)}|".encode())
    digest.update(model_bytes)
    digest.update(data_bytes)
    upload = Upload(
        id=digest.hexdigest()[:24],
        owner=owner,
        architecture=architecture,
        model_name=_clean(model_name),
        data_name=_clean(data_name),
        samples=samples,
        parameters=parameters,
    )
    if not upload.folder.is_dir():
        _store(upload, model_bytes, data_bytes)
    return upload.source


def _store(upload: Upload, model: bytes, data: bytes) -> None:
    """Write all three files into a temporary folder, then give it its name."""
    root = uploads_dir()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in root.iterdir()) >= MAX_UPLOADS:
            raise StorageError(
                f"This server keeps at most {MAX_UPLOADS} uploads; whoever runs it must remove "
                f"folders under {str(root)!r} first."
            )
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=root))
        try:
            (part / "model.safetensors").write_bytes(model)
            (part / "data.npz").write_bytes(data)
            (part / "meta.json").write_text(serial.dumps(upload), encoding="utf-8")
            _publish(part, upload.folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise StorageError(
            f"The upload must be written under {str(root)!r}; that fails: {error.strerror}. "
            "Free some space, or set QUANTSCOPE_HOME to a folder that can be written."
        ) from None


def _publish(part: Path, folder: Path) -> None:
    """Give a finished folder its name; another session may have stored the same meanwhile."""
    try:
        part.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def find_upload(source: str) -> Upload:
    """The stored upload of that source.

    Raises:
        UnknownWorkloadError: there is none (any more).
    """
    name = source.removeprefix(PREFIX)
    meta = uploads_dir() / name / "meta.json"
    # the id is checked before it becomes part of a path
    if not _ID.fullmatch(name) or not meta.is_file():
        raise UnknownWorkloadError(
            "This upload does not exist (any more); upload the model and its data again."
        )
    document = serial.parse_object(
        meta.read_text(encoding="utf-8"), UnsupportedFileError, "stored upload"
    )
    return serial.from_plain(Upload, document, UnsupportedFileError, "stored upload")


def uploads(owner: str) -> tuple[Upload, ...]:
    """Stored uploads of one owner, newest first."""
    metas = sorted(
        uploads_dir().glob("*/meta.json"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    found = (
        find_upload(PREFIX + meta.parent.name) for meta in metas if _ID.fullmatch(meta.parent.name)
    )
    return tuple(upload for upload in found if upload.owner == owner)
