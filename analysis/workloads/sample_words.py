"""A sample that is no picture, in words: a text where tokens can be read, else a row of values."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from analysis.workloads.data.words import Decode
from analysis.workloads.parts import tensors_of
from analysis.workloads.workload import Inputs

SHOWN_VALUES = 12
SHOWN_LETTERS = 200
_MASK = "attention_mask"

_MARKED = " \n\t"
"""White space that screens show by a sign each."""


def input_words(
    inputs: Inputs,
    decode: Decode | None = None,
    columns: Sequence[str] = (),
    end: int | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The first sample of a batch of inputs.

    Args:
        inputs: the batch; of a dictionary, what its ``attention_mask`` leaves out is left out.
        decode: reads tokens; without it they are numbers.
        columns: names of the values of a row, in the order of the tensors.
        end: tokens to read; None reads all. A longer text keeps its end then, else its beginning.
        categories: of a column whose values are numbers of texts, the texts.
    """
    tensors = [tensor[0].detach().cpu() for tensor in tensors_of(inputs)]
    if decode is not None and is_tokens(tensors[0]):
        return _text(_real(inputs, tensors[0])[:end], decode, whole=end is None)
    if columns:
        return ", ".join(_named(tensors, columns, categories or {}))
    return values_text(tensors[0][:end] if end is not None else tensors[0])


def is_tokens(sample: Tensor) -> bool:
    """Whether a sample is a sequence of token numbers."""
    return sample.dim() == 1 and not sample.is_floating_point() and sample.dtype != torch.bool


def token_word(token: int, decode: Decode | None) -> str:
    """One token as people read it; what would leave no mark on any screen is spelled out."""
    if decode is None:
        return str(token)
    text = decode([token])
    told = text.strip() or (text and not text.strip(_MARKED))
    return text if told else repr(text)


def row_words(inputs: Inputs, texts: Sequence[str]) -> list[str]:
    """All values of a batch's first sample, each by its text or, without one, as it is."""
    values = [value for tensor in tensors_of(inputs) for value in tensor[0].flatten().tolist()]
    return [_category(value, texts) for value in values]


def values_text(tensor: Tensor) -> str:
    """The beginning of a row of features or tokens."""
    flat = tensor.flatten()
    words = [_word(value) for value in flat[:SHOWN_VALUES].tolist()]
    return " ".join(words) + (" …" if len(flat) > SHOWN_VALUES else "")


def _real(inputs: Inputs, tokens: Tensor) -> list[int]:
    """The tokens without padding."""
    known: list[int] = tokens.tolist()
    if isinstance(inputs, Mapping) and _MASK in inputs:
        kept = inputs[_MASK][0].tolist()
        return [token for token, real in zip(known, kept, strict=True) if real]
    return known


def _text(tokens: Sequence[int], decode: Decode, *, whole: bool) -> str:
    """Decoded, on one line and cut between words."""
    text = " ".join(decode(tokens).split())
    if len(text) <= SHOWN_LETTERS:
        return text
    if whole:
        start = text[:SHOWN_LETTERS]
        return f"{start.rpartition(' ')[0] or start} …"
    end = text[-SHOWN_LETTERS:]
    return f"… {end.partition(' ')[2] or end}"


def _named(
    tensors: Sequence[Tensor], columns: Sequence[str], categories: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    values = [value for tensor in tensors for value in tensor.flatten().tolist()]
    for name, value in list(zip(columns, values, strict=False))[:SHOWN_VALUES]:
        yield f"{name} {_category(value, categories.get(name, ()))}"
    if len(values) > SHOWN_VALUES:
        yield "…"


def _category(value: float, texts: Sequence[str]) -> str:
    """The text that a number stands for, or the number."""
    known = isinstance(value, int) and 0 <= value < len(texts)
    return texts[int(value)] if known else _word(value)


def _word(value: float) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
