"""The trace of the loss's Hessian in each weight, by random probes."""

from collections import defaultdict
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from analysis.sensitivity.cotangents import random_signs
from analysis.sensitivity.proxies.ground import Ground
from analysis.sensitivity.proxies.label_loss import Labels, label_losses
from analysis.sensitivity.proxies.weight_error import Figures
from analysis.sensitivity.sketch import hash_seed
from analysis.workloads.workload import call_model

PROBES = 32
"""Probes in all, spread over the batches; each is a second backward pass of its batch."""


def traces(ground: Ground, labels: Labels, probes: int = PROBES) -> dict[str, float]:
    """Trace of the Hessian of the mean loss in each weight: mean of v'Hv over random signs v.

    Hutchinson 1990; every weight gets its signs at once, so that one product with the Hessian
    serves all of them (HAWQ-V2, section 3.2): between weights the terms vanish in expectation.
    """
    made = ground.subject
    batches = list(ground.batches())
    each = -(-probes // len(batches))
    sums: dict[str, float] = defaultdict(float)
    # Attention's own kernels have no second derivative.
    with ground.leaves() as leaves, sdpa_kernel(SDPBackend.MATH):
        for number, (inputs, target) in enumerate(batches):
            loss = label_losses(labels, made.take(call_model(made.model, inputs)), target).sum()
            first = torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
            for probe in range(each):
                signs = _signs(leaves, hash_seed(ground.seed, number, probe))
                found = _product(first, leaves, signs)
                for layer, sign, product in zip(ground.layers, signs, found, strict=True):
                    if product is not None:
                        sums[layer.name] += float((sign.double() * product.double()).sum())
    samples = ground.samples
    return {layer.name: sums[layer.name] / each / samples for layer in ground.layers}


def _signs(leaves: Sequence[Tensor], seed: int) -> list[Tensor]:
    return [
        random_signs(leaf.shape, hash_seed(seed, place, 0)).to(leaf.dtype)
        for place, leaf in enumerate(leaves)
    ]


def _product(
    first: Sequence[Tensor | None], leaves: Sequence[Tensor], signs: Sequence[Tensor]
) -> Sequence[Tensor | None]:
    """The Hessian times the signs; None where the loss is at most linear in a weight."""
    dots = [
        (gradient * sign).sum()
        for gradient, sign in zip(first, signs, strict=True)
        if gradient is not None and gradient.requires_grad
    ]
    if not dots:
        return [None] * len(leaves)
    total = torch.stack(dots).sum()
    return torch.autograd.grad(total, leaves, retain_graph=True, allow_unused=True)


def hessian_trace(ground: Ground, labels: Labels) -> Figures:
    """Trace of the Hessian over the number of weights, times the squared error of the weight."""
    found = traces(ground, labels)
    return {
        "hessian_trace": {
            cell: found[layer.name]
            / layer.parameters
            * float(ground.error(layer, cell).square().sum())
            for layer in ground.layers
            for cell in ground.cells[layer.name]
        }
    }
