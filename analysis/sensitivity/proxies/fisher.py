"""The diagonal empirical Fisher information of the weights."""

import torch

from analysis.sensitivity.cotangents import random_signs
from analysis.sensitivity.proxies.ground import Ground
from analysis.sensitivity.proxies.label_loss import Labels, label_losses
from analysis.sensitivity.proxies.weight_error import Figures
from analysis.sensitivity.sketch import hash_seed
from analysis.workloads.workload import call_model

ROWS = 128
"""Micro-batches wanted; a smaller set is done sample by sample."""

LARGEST = 8


def diagonal_fisher(ground: Ground, labels: Labels) -> Figures:
    """½ sum of E[g²] dW², g the gradient of one sample's loss.

    Micro-batches serve for single samples: with an independent random sign on each sample's loss
    the cross terms of the squared sum vanish in expectation. Sums in float64.
    """
    made = ground.subject
    samples = ground.samples
    squares = {layer.name: torch.zeros(layer.weight_shape).double() for layer in ground.layers}
    size = min(max(samples // ROWS, 1), LARGEST)
    with ground.leaves() as leaves:
        for number, (inputs, target) in enumerate(ground.batches(size)):
            losses = label_losses(labels, made.take(call_model(made.model, inputs)), target)
            signs = random_signs(losses.shape, hash_seed(ground.seed, number, 0)).to(losses.dtype)
            found = torch.autograd.grad((losses * signs).sum(), leaves, allow_unused=True)
            for layer, gradient in zip(ground.layers, found, strict=True):
                if gradient is not None:
                    squares[layer.name] += gradient.double().square()
    return {
        "diagonal_fisher": {
            cell: 0.5
            * float((squares[layer.name] * ground.error(layer, cell).square()).sum())
            / samples
            for layer in ground.layers
            for cell in ground.cells[layer.name]
        }
    }
