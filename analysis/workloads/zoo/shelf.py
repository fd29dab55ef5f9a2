"""Where prepared zoo models lie, and what was measured when they were prepared; torch-free."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from analysis import serial
from analysis.errors import UnsupportedFileError, WorkloadError
from analysis.paths import home_dir
from analysis.workloads.zoo.card import FloatFigure

RECORD = "record.json"


@dataclass(frozen=True, slots=True)
class ZooRecord:
    """``record.json`` of a prepared model.

    Attributes:
        measured: the float figure on this machine, on the evaluation part.
        expected: what the card promised.
        packages: what it was made of, as text.
        seconds: that preparing took, downloads included.
        when: seconds since 1970.
    """

    name: str
    measured: FloatFigure
    expected: FloatFigure
    packages: tuple[str, ...]
    parts: dict[str, int]
    seconds: float
    when: float


def zoo_dir() -> Path:
    """``QUANTSCOPE_ZOO``, or ``zoo`` in the user's data directory."""
    chosen = os.environ.get("QUANTSCOPE_ZOO")
    return Path(chosen) if chosen else home_dir() / "zoo"


def folder_of(name: str) -> Path:
    """Folder of one prepared model; whether it exists is another question."""
    return zoo_dir() / name


def record_of(name: str) -> ZooRecord | None:
    """What was measured when the model was prepared; None where it is not prepared.

    Raises:
        UnsupportedFileError: the record is damaged.
    """
    file = folder_of(name) / RECORD
    if not file.is_file():
        return None
    body = serial.parse_object(
        file.read_text(encoding="utf-8"), UnsupportedFileError, "record of a zoo model"
    )
    return serial.from_plain(ZooRecord, body, UnsupportedFileError, "record of a zoo model")


def prepared_folder(name: str) -> Path:
    """Folder of a prepared model.

    Raises:
        WorkloadError: it is not prepared.
    """
    folder = folder_of(name)
    if not (folder / RECORD).is_file():
        raise WorkloadError(
            f"The zoo model {name} must be prepared before it is loaded, and it is not; "
            f"run: quantscope zoo prepare {name}"
        )
    return folder


@contextmanager
def being_made(name: str) -> Iterator[Path]:
    """A new folder that takes the model's place once the context ends without an error."""
    zoo_dir().mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=f".{name}-", dir=zoo_dir()))
    try:
        yield made
        final = folder_of(name)
        old = made.with_name(f"{made.name}-old")
        if final.exists():
            final.rename(old)
        made.rename(final)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def write_record(folder: Path, record: ZooRecord) -> None:
    """Write ``record.json``: the last file of a prepared model."""
    (folder / RECORD).write_text(serial.dumps(record) + "\n", encoding="utf-8")
