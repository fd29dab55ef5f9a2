"""Samples whose answer changed, made small enough to be kept and shown."""

import base64
import io
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from analysis.scores import ChangedExample
from analysis.workloads.parts import cut_batch, samples_in, tensors_of
from analysis.workloads.workload import Batch

MOST = 12
SIDE = 64
"""Longest side of a kept picture, in pixels; larger ones are made smaller."""

SHOWN_VALUES = 12
_SMALLEST = 4
"""A tensor with fewer rows or columns is no picture that anybody could recognise."""


def changed_examples(
    batches: Iterable[Batch],
    changed: Sequence[int],
    answers: tuple[NDArray[np.int64], NDArray[np.int64]],
    divergences: NDArray[np.float64],
    classes: Sequence[str],
) -> tuple[ChangedExample, ...]:
    """The first of the changed samples.

    Args:
        batches: the evaluation set.
        changed: indices of samples whose answer changed, most harmed first.
        answers: class of every sample in float and quantised.
        divergences: of every sample.
        classes: names of the classes; a class without one goes by its number.
    """
    wanted = tuple(changed[:MOST])
    found: dict[int, ChangedExample] = {}
    first = 0
    for batch in batches if wanted else ():
        last = first + samples_in(batch)
        for index in (number for number in wanted if first <= number < last):
            inputs, target = cut_batch(batch, index - first, index - first + 1)
            tensor = tensors_of(inputs)[0][0]
            right = None if target is None or target.numel() != 1 else int(target.item())
            found[index] = ChangedExample(
                sample=index,
                reference=_named(int(answers[0][index]), classes),
                actual=_named(int(answers[1][index]), classes),
                target=None if right is None else _named(right, classes),
                divergence=float(divergences[index]),
                image=(picture(tensor) or "") if is_picture(tensor) else "",
                text="" if is_picture(tensor) else values_text(tensor),
            )
        first = last
    return tuple(found[index] for index in wanted)


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


def values_text(tensor: Tensor) -> str:
    """The beginning of a row of features or tokens."""
    flat = tensor.detach().cpu().flatten()
    first = flat[:SHOWN_VALUES].tolist()
    words = [f"{value:.3g}" if tensor.is_floating_point() else str(value) for value in first]
    return " ".join(words) + (" …" if len(flat) > SHOWN_VALUES else "")
