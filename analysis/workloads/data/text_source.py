"""Texts as samples: sequences of a language model, or texts with a class."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from analysis.errors import UnsupportedFileError, WorkloadError
from analysis.workloads.data.columns import Labels, column, labels
from analysis.workloads.data.form import Text
from analysis.workloads.data.tables import MAX_TABLE_BYTES
from analysis.workloads.data.tensors import TensorSource
from analysis.workloads.data.tokens import joined, padded, tokenizer_of
from analysis.workloads.data.words import SampleWords


def plain_text(path: Path) -> list[str]:
    """The content of a text file.

    Raises:
        UnsupportedFileError: it is too large or not UTF-8.
    """
    if path.stat().st_size > MAX_TABLE_BYTES:
        raise UnsupportedFileError(
            f"A text must have at most {MAX_TABLE_BYTES >> 30} GiB; give a part of it."
        )
    try:
        return [path.read_text(encoding="utf-8")]
    except UnicodeDecodeError:
        raise UnsupportedFileError(
            "A text must be UTF-8; this one is not. Save it again as UTF-8."
        ) from None


def column_texts(table: Any, form: Text) -> list[str]:
    """The texts of a column.

    Raises:
        WorkloadError: there is no such column, or it holds something else.
    """
    values = column(table, form.column)
    if not all(isinstance(value, str) for value in values):
        raise WorkloadError(
            f"The column {form.column} must hold texts; it holds {values.dtype}. Name another one."
        )
    return list(values)


def sequences_of(texts: Sequence[str], form: Text) -> TensorSource:
    """Sequences of equal length; the target of each token is the next one.

    Raises:
        WorkloadError: the texts are shorter than one sequence.
    """
    code = tokenizer_of(form.tokenizer)
    tokens = joined(texts, code.tokenize)
    count = (len(tokens) - 1) // form.tokens
    if count < 1:
        raise WorkloadError(
            f"The texts must fill sequences of {form.tokens} tokens and one more; they have "
            f"{len(tokens):,} tokens. Give more text, or shorter sequences."
        )
    run = torch.from_numpy(tokens)
    inputs = run[: count * form.tokens].reshape(count, form.tokens)
    target = run[1 : count * form.tokens + 1].reshape(count, form.tokens)
    words = SampleWords(decode=code.decode)
    return TensorSource(f"sequences of {form.tokens} {_unit(form)}", inputs, target, words=words)


def texts_of(table: Any, form: Text, names: Mapping[str, Sequence[str]]) -> TensorSource:
    """Texts of a table, cut or padded to one length, with their classes where there are some.

    Raises:
        WorkloadError: a column is missing.
    """
    found = None
    if form.label is not None:
        found = labels(table, form.label, "class", tuple(names.get(form.label, ())))
    return _each(column_texts(table, form), form, found)


def lines_of(text: str, form: Text) -> TensorSource:
    """The lines of a text that are not empty, cut or padded to one length.

    Raises:
        WorkloadError: classes are asked for, which a text file does not have.
    """
    if form.label is not None:
        raise WorkloadError(
            f"A text file has no column {form.label!r:.60}; give .csv, .parquet or .jsonl with a "
            "text and a label in each row, or take the label out."
        )
    return _each([line for line in text.splitlines() if line.strip()], form, None)


def _each(texts: Sequence[str], form: Text, found: Labels | None) -> TensorSource:
    code = tokenizer_of(form.tokenizer)
    ids, real = padded(texts, code.whole, form.tokens, form.pad)
    inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(real)}
    what = f"texts of at most {form.tokens} {_unit(form)}"
    words = SampleWords(decode=code.decode)
    if found is None:
        return TensorSource(what, inputs, None, words=words)
    classes = f", {len(found.classes)} classes"
    return TensorSource(
        what + classes, inputs, torch.from_numpy(found.values), found.classes, words
    )


def _unit(form: Text) -> str:
    return "bytes" if form.tokenizer is None else "tokens"
