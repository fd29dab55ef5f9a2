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


def random_signs(shape: torch.Size, seed: int) -> Tensor:
    """Independent +1 and -1, float64; the same for the same seed."""
    generator = torch.Generator().manual_seed(seed)
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
    signs = random_signs(output.shape, seed)
    match kind:
        case "kl":
            p = output.double().softmax(-1)
            root = p.sqrt()
            direction = root * signs - p * (root * signs).sum(-1, keepdim=True)
            positions = output[0].numel() // output.shape[-1]
            scaled: Tensor = direction / positions**0.5
            return scaled.to(output.dtype)
        case "mse":
            whitened: Tensor = signs * (2 / scale) ** 0.5
            return whitened.to(output.dtype)
    assert_never(kind)
