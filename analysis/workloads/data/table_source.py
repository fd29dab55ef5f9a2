"""Rows of a table as samples: numbers and categories, images, or texts."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pyarrow import compute

from analysis.errors import WorkloadError
from analysis.workloads.data.columns import (
    Labels,
    categories,
    category_texts,
    column,
    labels,
    number_rows,
)
from analysis.workloads.data.form import Columns, Pictures
from analysis.workloads.data.names import shown_name
from analysis.workloads.data.picture_source import PictureSource
from analysis.workloads.data.tensors import TensorSource
from analysis.workloads.data.words import SampleWords
from analysis.workloads.workload import Inputs

ClassNames = Mapping[str, Sequence[str]]


def rows_of(table: Any, form: Columns, names: ClassNames) -> TensorSource:
    """Numbers as one matrix, each category as a tensor of its own.

    Args:
        table: a `pyarrow.Table`.
        form: which columns are what.
        names: of the classes of a label column, where the data set says them.

    Raises:
        WorkloadError: a column is missing or holds something else.
    """
    chosen = form.numbers
    if not chosen and not form.categories:
        chosen = tuple(name for name in table.column_names if name != form.label)
    parts = [torch.from_numpy(categories(table, name)) for name in form.categories]
    if chosen:
        blocks = [number_rows(table, name) for name in chosen]
        parts.append(torch.from_numpy(np.concatenate(blocks, axis=1)))
        chosen = tuple(_names(chosen, blocks))
    if not parts:
        raise WorkloadError("A row must have at least one input column; name them.")
    inputs: Inputs = parts[0] if len(parts) == 1 else tuple(parts)
    found = None
    if form.label is not None:
        found = labels(table, form.label, form.target, tuple(names.get(form.label, ())))
    columns = [_count(len(chosen), "number", "numbers")] if chosen else []
    columns += [_count(len(form.categories), "category", "categories")] if form.categories else []
    return TensorSource(
        f"rows of {' and '.join(columns)}",
        inputs,
        _target(found),
        found.classes if found else (),
        _words(table, form.categories, chosen),
    )


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _names(columns: Sequence[str], blocks: Sequence[NDArray[np.float32]]) -> Iterator[str]:
    """A name for each number of a row; those of a list are numbered."""
    for name, block in zip(columns, blocks, strict=True):
        width = block.shape[1]
        yield from (name,) if width == 1 else (f"{name}[{place}]" for place in range(width))


def _words(table: Any, chosen: Sequence[str], numbers: Sequence[str]) -> SampleWords:
    """The names of a row's values, categories first, as the model gets them."""
    texts = {shown_name(name): category_texts(table, name) for name in chosen}
    return SampleWords(tuple(map(shown_name, (*chosen, *numbers))), texts)


def _target(found: Labels | None) -> torch.Tensor | None:
    return None if found is None else torch.from_numpy(np.ascontiguousarray(found.values))


def pictures_of(table: Any, form: Pictures, names: ClassNames) -> PictureSource:
    """Images of a column: encoded bytes, or what the `datasets` package stores for an image.

    Raises:
        WorkloadError: the column holds no images.
    """
    if form.column not in table.column_names:
        column(table, form.column)
    images = table[form.column]
    if str(images.type).startswith("struct<bytes:"):
        images = compute.struct_field(images, "bytes")
    if str(images.type) not in ("binary", "large_binary") or images.null_count:
        raise WorkloadError(
            f"The column {form.column} must hold the bytes of image files; it holds "
            f"{images.type!s:.60}. Embed the images when saving the data set, or name another one."
        )
    found = None
    if form.label is not None and form.label in table.column_names:
        found = labels(table, form.label, "class", tuple(names.get(form.label, ())))
    return PictureSource(
        form,
        [partial(_content, images, row) for row in range(len(images))],
        compute.binary_length(images).to_pylist(),
        _target(found),
        found.classes if found else (),
    )


def _content(images: Any, row: int) -> bytes:
    content: bytes = images[row].as_py()
    return content
