"""A table of named columns from a CSV, parquet, JSON-lines or Arrow file; torch-free."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, ipc, parquet

from analysis.errors import UnsupportedFileError, WorkloadError

MAX_TABLE_BYTES = 2 << 30
MAX_EXPANDED_BYTES = 8 << 30
MAX_COLUMNS = 10_000
SPLITS = ("test", "validation", "train")
"""Which split of a Hugging Face data set is taken where none is asked for: a model was trained on
the last of them."""


def read_table(path: Path) -> Any:
    """A file as a `pyarrow.Table`.

    Raises:
        UnsupportedFileError: it is damaged, too large or of another form.
    """
    reader = READERS[path.suffix.lower()]
    size = path.stat().st_size
    if not 0 < size <= MAX_TABLE_BYTES:
        raise _refused(path, f"it has {size:,} bytes, where 1 to {MAX_TABLE_BYTES:,} are taken")
    return _checked(path, reader)


def _checked(path: Path, reader: Callable[[Path], Any]) -> Any:
    try:
        table = reader(path)
    except UnsupportedFileError:
        raise
    except Exception as error:  # pyarrow answers hostile bytes with whatever breaks first
        raise _refused(path, f"it cannot be read ({type(error).__name__})") from error
    if table.num_rows == 0 or not 0 < table.num_columns <= MAX_COLUMNS:
        raise _refused(path, f"it has {table.num_rows:,} rows and {table.num_columns:,} columns")
    if len(set(table.column_names)) != table.num_columns:
        raise _refused(path, "two of its columns have one name")
    return table


def _refused(path: Path, what: str) -> UnsupportedFileError:
    kind = path.suffix.lower().removeprefix(".") or "Arrow"
    return UnsupportedFileError(
        f"The data must be a whole {kind} table with rows and named columns; {what}. "
        "Save it again, or give another file."
    )


def _parquet(path: Path) -> Any:
    file = parquet.ParquetFile(path)
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > MAX_EXPANDED_BYTES:
        raise _refused(path, f"unpacked it is larger than {MAX_EXPANDED_BYTES >> 30} GiB")
    return file.read()


def _json_lines(path: Path) -> Any:
    """One JSON object a line; a key that a line lacks is null there."""
    with path.open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise _refused(path, "one of its lines is no JSON object")
    return pa.Table.from_pylist(rows)


def _csv(path: Path) -> Any:
    return csv.read_csv(path)


def _arrow(path: Path) -> Any:
    """A stream or a file of record batches, mapped into memory instead of read."""
    with pa.memory_map(str(path)) as stream:
        try:
            return ipc.open_stream(stream).read_all()
        except pa.ArrowInvalid:
            stream.seek(0)
            return ipc.open_file(stream).read_all()


READERS: Mapping[str, Callable[[Path], Any]] = {
    ".csv": _csv,
    ".parquet": _parquet,
    ".jsonl": _json_lines,
    ".arrow": _arrow,
}


def is_dataset(folder: Path) -> bool:
    """Whether a folder was written by ``datasets.Dataset.save_to_disk``."""
    return any((folder / name).is_file() for name in ("state.json", "dataset_dict.json"))


def read_dataset(folder: Path, subset: str | None) -> tuple[Any, Mapping[str, tuple[str, ...]]]:
    """One split of a Hugging Face data set on disk, and the class names of its label columns.

    Args:
        folder: what ``save_to_disk`` wrote.
        subset: name of the split; None takes the test split, else validation, else train.

    Raises:
        UnsupportedFileError: a file is damaged.
        WorkloadError: there is no such split.
    """
    if (folder / "dataset_dict.json").is_file():
        folder = folder / _subset(folder, subset)
    files = sorted(folder.glob("*.arrow"))
    if not files:
        raise _refused(folder, "its folder holds no .arrow file")
    table = pa.concat_tables([_checked(file, _arrow) for file in files])
    return table, _class_names(folder)


def _subset(folder: Path, subset: str | None) -> str:
    known = [child.name for child in sorted(folder.iterdir()) if (child / "state.json").is_file()]
    wanted = [name for name in (SPLITS if subset is None else (subset,)) if name in known]
    if not wanted:
        raise WorkloadError(
            f"The data set must have the split {subset or ' or '.join(SPLITS)!r:.60}; it has "
            f"{', '.join(known)[:200] or 'none'}. Name one of these."
        )
    return wanted[0]


def _class_names(folder: Path) -> Mapping[str, tuple[str, ...]]:
    file = folder / "dataset_info.json"
    try:
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        return {
            column: tuple(str(name) for name in feature["names"])
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
