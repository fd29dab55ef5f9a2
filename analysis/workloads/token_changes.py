"""Where the next token changed: one position of each sequence of a language model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TokenChanges:
    """Of each sequence the changed position whose distribution moved most.

    Attributes:
        same: whether no position changed, (samples).
        position: the position; 0 where none changed.
        reference, actual: the most likely next token there, in float and quantised.
    """

    same: NDArray[np.bool_]
    position: Integers
    reference: Integers
    actual: Integers


def token_changes(reference: Sequence[Tensor], actual: Sequence[Tensor]) -> TokenChanges:
    """Compare outputs over tokens.

    Args:
        reference: logits in float, each (samples, positions, tokens).
        actual: the same, quantised.
    """
    parts = [_changes(x, y) for x, y in zip(reference, actual, strict=True)]
    columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    same, position, before, after = columns
    return TokenChanges(same.astype(bool), position, before, after)


def _changes(reference: Tensor, actual: Tensor) -> tuple[Integers, ...]:
    before, after = reference.argmax(-1), actual.argmax(-1)
    log_p = reference.double().log_softmax(-1)
    moved = (log_p.exp() * (log_p - actual.double().log_softmax(-1))).sum(-1)
    moved = torch.where(before == after, -torch.inf, moved)
    place = moved.argmax(-1, keepdim=True)
    picked = (before.gather(-1, place), after.gather(-1, place))
    same = (before == after).all(-1)
    return (same.numpy(), place[:, 0].numpy(), *(token[:, 0].numpy() for token in picked))
