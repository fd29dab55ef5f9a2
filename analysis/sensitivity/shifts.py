"""Output shifts of a cell, in coordinates where half the square is the divergence.

They carry what single divergences do not: how the errors of two layers add up or cancel.
"""

from functools import lru_cache
from typing import assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.divergence import Reference
from analysis.sensitivity.cotangents import cotangents
from analysis.sensitivity.memory import FULL_COLUMNS as FULL_COLUMNS
from analysis.sensitivity.memory import PROJECTIONS

KEPT_BYTES = 8 << 20
"""Directions of at most that size are kept for the other cells of a chunk; making them takes
longer than the forward of a small language model."""


def whitened_shift(reference: Reference, actual: Tensor) -> Tensor:
    """F^(1/2) (actual - reference) of each sample, float64 (samples, columns).

    "kl": sqrt(p) (d - p'd), since the square of that is d' (diag(p) - p p') d; positions are
    columns, divided by their number under the root. "mse": sqrt(2 / scale) d.
    """
    difference = actual.double() - reference.output.double()
    match reference.kind:
        case "kl":
            assert reference.log_p is not None
            p = reference.log_p.exp()
            centred = difference - (p * difference).sum(-1, keepdim=True)
            positions = max(difference[0].numel() // difference.shape[-1], 1)
            white: Tensor = p.sqrt() * centred / positions**0.5
        case "mse":
            white = difference * (2 / reference.scale) ** 0.5
        case _:
            assert_never(reference.kind)
    return white.reshape(len(white), -1)


def kept_shift(reference: Reference, actual: Tensor, seed: int) -> NDArray[np.float32]:
    """What is stored of a shift: whole where it is small, else projections with the same E[x'y].

    The directions depend on the seed alone, so that the shifts of different cells on the same
    samples can be multiplied with one another.
    """
    if reference.output[0].numel() <= FULL_COLUMNS:
        return whitened_shift(reference, actual).float().numpy()
    difference = (actual.double() - reference.output.double()).reshape(len(actual), -1)
    kept = difference.numel() * difference.element_size() <= KEPT_BYTES
    direction = _kept_direction if kept else _direction
    columns = [
        (difference * direction(reference, seed + number)).sum(1) for number in range(PROJECTIONS)
    ]
    projected: Tensor = torch.stack(columns, 1) / PROJECTIONS**0.5
    return projected.float().numpy()


def _direction(reference: Reference, seed: int) -> Tensor:
    """One random direction for each sample's output, float64 (samples, columns)."""
    output = reference.output.double()
    return cotangents(reference.kind, output, reference.scale, seed).reshape(len(output), -1)


_kept_direction = lru_cache(maxsize=PROJECTIONS)(_direction)
