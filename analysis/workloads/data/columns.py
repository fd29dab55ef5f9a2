"""Columns of a table as arrays: numbers, categories and labels; torch-free."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute

from analysis.errors import WorkloadError
from analysis.workloads.data.names import class_name, shown_name

MAX_CLASSES = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """The targets of a table.

    Attributes:
        values: int64 class numbers or float32 numbers, (rows,).
        classes: their names; () for numbers.
    """

    values: NDArray[Any]
    classes: tuple[str, ...]


def column(table: Any, name: str) -> NDArray[Any]:
    """The values of one column, without a gap.

    Raises:
        WorkloadError: there is no such column, or a value is missing.
    """
    if name not in table.column_names:
        known = ", ".join(table.column_names[:12])
        raise WorkloadError(
            f"The table must have the column {name!r:.60}; it has {known[:300]}. Name one of these."
        )
    chosen = table[name]
    if chosen.null_count:
        raise WorkloadError(
            f"Every row must have a value; {name} lacks {chosen.null_count:,} of "
            f"{len(chosen):,}. Fill the gaps in or leave the rows out."
        )
    values: NDArray[Any] = chosen.to_numpy()
    return values


def numbers(table: Any, name: str) -> NDArray[np.float32]:
    """A column of finite numbers as float32.

    Raises:
        WorkloadError: it holds something else.
    """
    values = column(table, name)
    if values.dtype.kind not in "fiub" or not np.isfinite(values.astype(np.float64)).all():
        raise WorkloadError(
            f"The column {name} must hold finite numbers only; it holds others "
            f"({values.dtype}). Name it as a category, or leave it out."
        )
    return values.astype(np.float32)


def number_rows(table: Any, name: str) -> NDArray[np.float32]:
    """A column of numbers, or of lists that have equally many, as float32 (rows, numbers).

    Raises:
        WorkloadError: it holds something else.
    """
    if name not in table.column_names or not _is_list(table[name].type):
        return numbers(table, name)[:, None]
    lists = table[name].combine_chunks()
    if lists.null_count or len(compute.unique(compute.list_value_length(lists))) != 1:
        raise WorkloadError(
            f"Every row must have equally many numbers; the lists of {name} differ in length. Cut "
            "or fill them, or leave the column out."
        )
    flat = pa.table({name: lists.flatten()})
    return numbers(flat, name).reshape(len(lists), -1)


def _is_list(kind: Any) -> bool:
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def categories(table: Any, name: str) -> NDArray[np.int64]:
    """Numbers of a column's categories: integers as they are, texts by their sorted order.

    Raises:
        WorkloadError: it holds fractions, or a number below 0.
    """
    values = column(table, name)
    if values.dtype.kind in "iub":
        if values.size and int(values.min()) < 0:
            raise WorkloadError(
                f"Categories must be numbered from 0; {name} holds {values.min()}. Renumber them."
            )
        return values.astype(np.int64)
    if values.dtype.kind == "f":
        raise WorkloadError(
            f"Categories must be integers or texts; {name} holds fractions. Name it as a number."
        )
    return np.unique(values.astype(str), return_inverse=True)[1].astype(np.int64)


def category_texts(table: Any, name: str) -> tuple[str, ...]:
    """The texts that `categories` numbers, in their order; () for a column of integers."""
    values = column(table, name)
    if values.dtype.kind in "iub":
        return ()
    return tuple(shown_name(str(text)) for text in np.unique(values.astype(str)))


def labels(
    table: Any,
    name: str,
    target: Literal["class", "number"] | None = None,
    known: tuple[str, ...] = (),
) -> Labels:
    """The targets.

    Args:
        table: rows.
        name: of the column.
        target: whether it holds classes or numbers; None tells from the type.
        known: names of the classes, where the values are their numbers already.

    Raises:
        WorkloadError: a value is missing or of another kind.
    """
    values = column(table, name)
    if target == "number" or (target is None and values.dtype.kind == "f"):
        return Labels(numbers(table, name), ())
    if known:
        codes = categories(table, name)
        if codes.size and int(codes.max()) >= len(known):
            raise WorkloadError(
                f"Labels must lie between 0 and {len(known) - 1}, the classes of the data set; "
                f"{name} holds {int(codes.max())}. Check the file."
            )
        return Labels(codes, tuple(class_name(text) for text in known))
    if values.dtype.kind in "iub" and int(values.min()) >= 0:
        # class numbers already: renumbering would part them from the model's outputs
        codes = values.astype(np.int64)
        if int(codes.max()) >= MAX_CLASSES:
            raise WorkloadError(
                f"Class numbers must lie below {MAX_CLASSES:,}; {name} holds {int(codes.max()):,}. "
                'Take it as a number with target="number".'
            )
        return Labels(codes, tuple(str(number) for number in range(int(codes.max()) + 1)))
    found, codes = np.unique(values.astype(str), return_inverse=True)
    return Labels(codes.astype(np.int64), tuple(class_name(str(text)) for text in found))
