"""Hugging Face data sets on disk: of `save_to_disk`, or as parquet files; torch-free."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from analysis.errors import WorkloadError
from analysis.workloads.data.tables import read_table, refused

SPLITS = ("test", "validation", "train")
"""Which split is taken where none is asked for: a model was trained on the last of them."""

MAX_JSON_BYTES = 4 << 20

ClassNames = Mapping[str, tuple[str, ...]]
"""Label column to the names of its numbers."""


def is_dataset(folder: Path) -> bool:
    """Whether a folder was written by ``save_to_disk``, or holds parquet files as the hub has them.

    The latter are named by their split (``train-00000-of-00001.parquet``), in ``data`` or not.
    """
    return any((folder / name).is_file() for name in ("state.json", "dataset_dict.json")) or bool(
        _parquet_files(folder)
    )


def read_dataset(folder: Path, subset: str | None) -> tuple[Any, ClassNames]:
    """One split of a data set on disk, and the class names of its label columns.

    Args:
        folder: see `is_dataset`.
        subset: name of the split; None takes the test split, else validation, else train.

    Raises:
        UnsupportedFileError: a file is damaged.
        WorkloadError: there is no such split.
    """
    if (folder / "dataset_dict.json").is_file():
        folder = folder / _wanted(_children(folder), subset)
    files = sorted(folder.glob("*.arrow"))
    if not files and (parquet := _parquet_files(folder)):
        files = parquet[_wanted(tuple(parquet), subset)]
    if not files:
        raise refused(folder, "its folder holds no .arrow file")
    table = pa.concat_tables([read_table(file) for file in files])
    return table, {**described_names(table), **_names_beside(folder)}


def _children(folder: Path) -> tuple[str, ...]:
    return tuple(
        child.name for child in sorted(folder.iterdir()) if (child / "state.json").is_file()
    )


def _parquet_files(folder: Path) -> dict[str, list[Path]]:
    """Split to its files."""
    found: dict[str, list[Path]] = {}
    for file in sorted([*folder.glob("*.parquet"), *folder.glob("data/*.parquet")]):
        found.setdefault(file.stem.partition("-")[0], []).append(file)
    return found


def _wanted(known: Sequence[str], subset: str | None) -> str:
    wanted = [name for name in (SPLITS if subset is None else (subset,)) if name in known]
    if not wanted and subset is None and len(known) == 1:
        wanted = list(known)
    if not wanted:
        raise WorkloadError(
            f"The data set must have the split {subset or ' or '.join(SPLITS)!r:.60}; it has "
            f"{', '.join(known)[:200] or 'none'}. Name one of these."
        )
    return wanted[0]


def described_names(table: Any) -> ClassNames:
    """Class names that the `datasets` package keeps inside an Arrow or parquet file."""
    content = (table.schema.metadata or {}).get(b"huggingface", b"")
    if len(content) > MAX_JSON_BYTES:
        return {}
    return _names(content, ("info", "features"))


def _names_beside(folder: Path) -> ClassNames:
    file = folder / "dataset_info.json"
    if not file.is_file() or file.stat().st_size > MAX_JSON_BYTES:
        return {}
    return _names(file.read_bytes(), ("features",))


def _names(content: bytes, place: Sequence[str]) -> ClassNames:
    """Of the features that are labels; none where they are described otherwise."""
    try:
        features = json.loads(content)
        for key in place:
            features = features[key]
        return {
            column: tuple(str(name) for name in feature["names"])
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
