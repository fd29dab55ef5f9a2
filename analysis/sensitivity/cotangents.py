"""Random directions at the output whose outer product is the divergence's own metric.

KL(p || q) is, to second order in the logit shift d, half of d' F d with F = diag(p) - p p'. A
direction v with E[v v'] = F turns it into half of E[(v' d)^2]: one number a direction instead of a
row of logits. With xi of random signs, v = sqrt(p) xi - p (sqrt(p)' xi) is such a direction
(METHODS 1, "identity used"); it needs no labels and does not vanish where the model is sure of
itself, as sampled labels do.
"""

from typing import assert_never

import torch
from torch import Tensor

from analysis.sensitivity.points import Divergence

PIECE_VALUES = 2**18
"""Outputs worked on at once: with a vocabulary of 49,152 tokens, each float64 copy of a window's
outputs would take 50 MB."""


def in_pieces(rows: Tensor) -> tuple[Tensor, ...]:
    """Rows of a table (…, classes), few enough at a time that copies of them stay small."""
    return torch.split(rows, max(1, PIECE_VALUES // max(rows.shape[-1], 1)))


def random_signs(shape: torch.Size, seed: int) -> Tensor:
    """Independent +1 and -1, float64; the same for the same seed."""
    return _signs(shape, torch.Generator().manual_seed(seed))


def _signs(shape: torch.Size, generator: torch.Generator) -> Tensor:
    return torch.randint(0, 2, shape, generator=generator).double() * 2 - 1


def cotangents(kind: Divergence, output: Tensor, scale: float, seed: int) -> Tensor:
    """One direction for each sample's output, shape and dtype of `output`.

    Args:
        kind: the divergence.
        output: (samples, …, classes) float outputs; every position between gets its own direction,
            because the divergence is a mean over positions.
        scale: mean squared output norm, the unit of "mse".
        seed: of the signs.
    """
    generator = torch.Generator().manual_seed(seed)  # gives the pieces' signs one after the other
    rows = output.reshape(-1, output.shape[-1])
    positions = len(rows) // len(output)
    found = torch.empty_like(rows)
    for old, new in zip(in_pieces(rows), in_pieces(found), strict=True):
        signs = _signs(old.shape, generator)
        match kind:
            case "kl":
                new.copy_(_spread(old, signs) / positions**0.5)
            case "mse":
                new.copy_(signs * (2 / scale) ** 0.5)
            case never:
                assert_never(never)
    return found.reshape(output.shape)


def _spread(logits: Tensor, signs: Tensor) -> Tensor:
    """sqrt(p) xi - p (sqrt(p)' xi) of each row, float64."""
    p = logits.double().softmax(-1)
    root = p.sqrt()
    return root * signs - p * (root * signs).sum(-1, keepdim=True)
