"""Samples whose answer changed, made small enough to be kept and shown."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from analysis.scores import ChangedExample
from analysis.workloads.data.words import Decode
from analysis.workloads.parts import cut_batch, samples_in, tensors_of
from analysis.workloads.sample_words import input_words, row_words, token_word
from analysis.workloads.token_changes import TokenChanges
from analysis.workloads.workload import Batch, Inputs

MOST = 12
SIDE = 64
"""Longest side of a kept picture, in pixels; larger ones are made smaller."""

_SMALLEST = 4
"""A tensor with fewer rows or columns is no picture that anybody could recognise."""


@dataclass(frozen=True, slots=True)
class Words:
    """How the samples of a workload are put into words.

    Attributes:
        classes: names of the classes; a class without one goes by its number.
        decode: reads tokens; None leaves them numbers.
        columns: names of the values of a row.
        categories: of a column whose values are numbers of texts, the texts.
        candidates: column from which on the values are what the model ranks; an answer is then
            the candidate at its place.
    """

    classes: Sequence[str] = ()
    decode: Decode | None = None
    columns: Sequence[str] = ()
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    candidates: str | None = None

    def answer(self, inputs: Inputs, number: int) -> str:
        """An answer to the first sample of some inputs, in words."""
        if self.candidates is not None:
            first = self.columns.index(self.candidates)
            texts = self.categories.get(self.candidates, ())
            ranked = row_words(inputs, texts)[first:]
            if number < len(ranked):
                return ranked[number]
        return _named(number, self.classes)


def changed_examples(
    batches: Iterable[Batch],
    changed: Sequence[int],
    answers: tuple[NDArray[np.int64], NDArray[np.int64]] | TokenChanges,
    divergences: NDArray[np.float64],
    words: Words,
) -> tuple[ChangedExample, ...]:
    """The first of the changed samples.

    Args:
        batches: the evaluation set.
        changed: indices of samples whose answer changed, most harmed first.
        answers: class of every sample in float and quantised, or where its next token changed.
        divergences: of every sample.
        words: how samples are read.
    """
    wanted = tuple(changed[:MOST])
    found: dict[int, ChangedExample] = {}
    first = 0
    for batch in batches if wanted else ():
        last = first + samples_in(batch)
        for index in (number for number in wanted if first <= number < last):
            one = cut_batch(batch, index - first, index - first + 1)
            made = (
                _token(one, index, answers, words)
                if isinstance(answers, TokenChanges)
                else _sample(one, index, answers, words)
            )
            found[index] = replace(made, divergence=float(divergences[index]))
        first = last
    return tuple(found[index] for index in wanted)


def _sample(
    batch: Batch,
    index: int,
    answers: tuple[NDArray[np.int64], NDArray[np.int64]],
    words: Words,
) -> ChangedExample:
    inputs, target = batch
    tensor = tensors_of(inputs)[0][0]
    right = None if target is None or target.numel() != 1 else int(target.item())
    drawn = is_picture(tensor)
    return ChangedExample(
        sample=index,
        reference=words.answer(inputs, int(answers[0][index])),
        actual=words.answer(inputs, int(answers[1][index])),
        target=None if right is None else words.answer(inputs, right),
        divergence=0.0,
        image=(picture(tensor) or "") if drawn else "",
        text=""
        if drawn
        else input_words(inputs, words.decode, words.columns, categories=words.categories),
    )


def _token(batch: Batch, index: int, changes: TokenChanges, words: Words) -> ChangedExample:
    """The text up to the position where the next token changed."""
    inputs, target = batch
    place = int(changes.position[index])
    right = None
    if target is not None and target.dim() == 2 and place < target.shape[1]:
        right = int(target[0, place])
    return ChangedExample(
        sample=index,
        reference=token_word(int(changes.reference[index]), words.decode),
        actual=token_word(int(changes.actual[index]), words.decode),
        target=None if right is None or right < 0 else token_word(right, words.decode),
        divergence=0.0,
        text=input_words(inputs, words.decode, end=place + 1),
        position=place,
    )


def _named(number: int, classes: Sequence[str]) -> str:
    return classes[number] if 0 <= number < len(classes) else str(number)


def is_picture(tensor: Tensor) -> bool:
    """Whether a sample looks like an image: (1 or 3, height, width)."""
    if tensor.dim() != 3 or tensor.shape[0] not in (1, 3):
        return False
    return min(tensor.shape[1:]) >= _SMALLEST


def picture(tensor: Tensor) -> str | None:
    """An image sample as a PNG in base64, from its least value black to its largest white.

    None where it holds values that are not finite.
    """
    values = tensor.detach().cpu().double().numpy()
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        return None
    span = high - low
    scaled = np.zeros_like(values) if span == 0 else (values - low) / span
    pixels = np.rint(255 * scaled).astype(np.uint8).transpose(1, 2, 0)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.thumbnail((SIDE, SIDE))
    content = io.BytesIO()
    image.save(content, format="PNG", optimize=True)
    return base64.b64encode(content.getvalue()).decode("ascii")
