"""A table of named columns from a CSV, parquet, JSON-lines or Arrow file; torch-free."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv, ipc, parquet

from analysis.errors import UnsupportedFileError

MAX_TABLE_BYTES = 2 << 30
MAX_EXPANDED_BYTES = 8 << 30
MAX_COLUMNS = 10_000


def read_table(path: Path) -> Any:
    """A file as a `pyarrow.Table`.

    Raises:
        UnsupportedFileError: it is damaged, too large or of another form.
    """
    reader = READERS[path.suffix.lower()]
    size = path.stat().st_size
    if not 0 < size <= MAX_TABLE_BYTES:
        raise refused(path, f"it has {size:,} bytes, where 1 to {MAX_TABLE_BYTES:,} are taken")
    return _checked(path, reader)


def _checked(path: Path, reader: Callable[[Path], Any]) -> Any:
    try:
        table = reader(path)
    except UnsupportedFileError:
        raise
    except Exception as error:  # pyarrow answers hostile bytes with whatever breaks first
        raise refused(path, f"it cannot be read ({type(error).__name__})") from error
    if table.num_rows == 0 or not 0 < table.num_columns <= MAX_COLUMNS:
        raise refused(path, f"it has {table.num_rows:,} rows and {table.num_columns:,} columns")
    if len(set(table.column_names)) != table.num_columns:
        raise refused(path, "two of its columns have one name")
    return table


def refused(path: Path, what: str) -> UnsupportedFileError:
    """What to say of a table that is not taken."""
    kind = path.suffix.lower().removeprefix(".") or "Arrow"
    return UnsupportedFileError(
        f"The data must be a whole {kind} table with rows and named columns; {what}. "
        "Save it again, or give another file."
    )


def _parquet(path: Path) -> Any:
    file = parquet.ParquetFile(path)
    groups = (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))
    if sum(group.total_byte_size for group in groups) > MAX_EXPANDED_BYTES:
        raise refused(path, f"unpacked it is larger than {MAX_EXPANDED_BYTES >> 30} GiB")
    return file.read()


def _json_lines(path: Path) -> Any:
    """One JSON object a line; a key that a line lacks is null there."""
    with path.open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream if line.strip()]
    if not all(isinstance(row, dict) for row in rows):
        raise refused(path, "one of its lines is no JSON object")
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
