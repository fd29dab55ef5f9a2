"""What the rows of a table are, told from its columns where nobody says it; torch-free."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import pyarrow as pa

from analysis.workloads.data.form import Arrays, Columns, DataForm, Pictures, Text

Names = Mapping[str, Sequence[str]]

_LABELS = ("label", "labels")


def fitted_form(
    form: DataForm | None, table: Any, names: Names, takes: DataForm | None = None
) -> DataForm:
    """The form of a table's rows, its columns by the names they have there.

    Args:
        form: asked for; a usual column name that the table lacks is replaced by the only column
            of that kind.
        table: a `pyarrow.Table`.
        names: label columns that the data set describes.
        takes: what the model takes, where no form is asked for.
    """
    match form:
        case Pictures():
            return _renamed(form, table, names)
        case Text():
            return _renamed(form, table, names)
        case Columns() | Arrays():
            return form
        case None:
            return _open(table, names, takes)


def _open(table: Any, names: Names, takes: DataForm | None) -> DataForm:
    """What the model takes, where the table has it; else what the columns tell."""
    told = _told(table, names)
    match takes:
        case Pictures() if isinstance(told, Pictures):
            return replace(takes, column=told.column, label=told.label)
        case Text():
            found = _renamed(takes, table, names)
            return found if found.label in table.column_names else replace(found, label=None)
        case _:
            return told


def _told(table: Any, names: Names) -> DataForm:
    """Images where there are some; else text where it is all there is; else columns."""
    label = _label(table, names)
    if images := image_columns(table):
        return Pictures(column=images[0], label=label)
    texts = [name for name in _texts(table) if name != label]
    others = [name for name in table.column_names if name not in (*texts, label)]
    if texts and ("text" in texts or (len(texts) == 1 and not others)):
        return Text(column="text" if "text" in texts else texts[0], label=label)
    return Columns(label=label if label in names else None)


T = TypeVar("T", Pictures, Text)


def _renamed(form: T, table: Any, names: Names) -> T:
    """The form with columns that the table has, where it lacks those of the usual names."""
    column, label = form.column, form.label
    own = _label(table, names)
    usual, found = (
        ("image", image_columns(table))
        if isinstance(form, Pictures)
        else ("text", [name for name in _texts(table) if name != own])
    )
    if column == usual and column not in table.column_names and len(found) == 1:
        column = found[0]
    if label == "label" and label not in table.column_names:
        label = own or label
    return replace(form, column=column, label=label)


def image_columns(table: Any) -> list[str]:
    """Columns of encoded images, as bytes or as the `datasets` package stores them."""
    return [field.name for field in table.schema if _is_image(field.type)]


def _is_image(kind: Any) -> bool:
    if pa.types.is_struct(kind):
        names = [kind.field(place).name for place in range(kind.num_fields)]
        # audio is stored alike, but for its sampling rate
        return "bytes" in names and "sampling_rate" not in names
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _texts(table: Any) -> list[str]:
    return [
        field.name
        for field in table.schema
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
    ]


def _label(table: Any, names: Names) -> str | None:
    """The column of labels: by its usual name, else the first that the data set calls one."""
    known = [name for name in (*_LABELS, *names) if name in table.column_names]
    return known[0] if known else None
