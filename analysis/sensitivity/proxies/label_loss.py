"""The loss that gradient proxies differentiate: on the labels, or on the model's own answers."""

from typing import Literal

from torch import Tensor
from torch.nn import functional as F

from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.subject import Subject

Labels = Literal["labels", "answers", "targets"]
"""What the loss compares with: class numbers, the float model's own answers, target values."""


def labels_of(made: Subject) -> Labels | None:
    """What there is to compare with; None where a regression has no fitting targets."""
    _, target = made.parts.sweep[0]
    with quiet_inference(made):
        output = made.take(call_with(made.model, {}, made.probe))
    if made.divergence == "mse":
        fits = target is not None and target.shape[1:] == output.shape[1:]
        return "targets" if fits else None
    if target is None or target.is_floating_point() or target.shape[1:] != output.shape[1:-1]:
        return "answers"
    return "labels"


def label_losses(kind: Labels, output: Tensor, target: Tensor | None) -> Tensor:
    """Loss of each sample, (samples,): mean cross-entropy of its positions, or half |error|^2.

    Positions whose label is no class (such as 255 or -100 for "ignore") do not count.
    """
    if kind == "targets":
        assert target is not None
        return 0.5 * (output - target).reshape(len(output), -1).square().sum(1)
    count = output.shape[-1]
    classes = output.detach().argmax(-1) if kind == "answers" or target is None else target
    named = ((classes >= 0) & (classes < count)).reshape(len(output), -1)
    kept = classes.reshape(-1).long().where(named.reshape(-1), 0)
    losses = F.cross_entropy(output.reshape(-1, count), kept, reduction="none")
    return (losses.reshape(len(output), -1) * named).sum(1) / named.sum(1).clamp(min=1)
