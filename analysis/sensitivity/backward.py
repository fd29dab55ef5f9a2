"""Models without a backward: what a sketch cannot be made of, told before it says "harmless"."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from analysis.errors import ModelError
from analysis.layers import Layer
from analysis.sensitivity.points import Target
from analysis.sensitivity.stage import CellsByLayer
from analysis.simulate.substitution import call_with, input_transforms, quiet_inference
from analysis.workloads.subject import Subject

FROZEN = (
    "its output does not depend on its weights in a differentiable way (integer or frozen graph)"
)

_WORDS: dict[Target, str] = {"weight": "weight", "activation": "input"}


class NoBackwardError(ModelError):
    """Gradients do not reach all tensors of the model, so there is no sketch of it."""


def no_backward(why: str) -> NoBackwardError:
    """The error with its sentence."""
    return NoBackwardError(
        "A sketch needs a backward pass from the output to every layer, and this model has none: "
        f"{why}; the sampled sweep takes its place."
    )


@contextmanager
def refusing() -> Iterator[None]:
    """Torch's own complaint, as a sentence.

    Raises:
        NoBackwardError: a RuntimeError came.
    """
    try:
        yield
    except RuntimeError as error:
        first = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
        raise no_backward(f'torch says "{first:.150}"') from error


def check_reached(
    subject: Subject, cells: CellsByLayer, reached: Collection[tuple[Target, str]]
) -> None:
    """Refuse a model in which a tensor matters and has no gradient all the same.

    A weight that is never used has none either, and truly does no harm; halving a tensor tells the
    two apart.

    Args:
        subject: what is analysed.
        cells: those asked about.
        reached: tensors that had a gradient other than zero.

    Raises:
        NoBackwardError: there is such a tensor; named.
    """
    for layer in subject.layers:
        targets = {cell.target for cell in cells.get(layer.name, ())}
        for target in sorted(targets):
            if (target, layer.name) not in reached and _matters(subject, layer, target):
                raise no_backward(
                    f"no gradient reaches the {_WORDS[target]} of {layer.name}, though the output "
                    "depends on it (an operation without a derivative lies between, such as round)"
                )


def _matters(subject: Subject, layer: Layer, target: Target) -> bool:
    """Whether the output changes with half the tensor."""
    model, probe = subject.model, subject.probe
    with quiet_inference(subject):
        whole = subject.take(call_with(model, {}, probe)).clone()
        if target == "weight":
            weight = {layer.param: model.get_parameter(layer.param) * 0.5}
            return not torch.equal(whole, subject.take(call_with(model, weight, probe)))
        with input_transforms(model, {layer.module: _half}):
            return not torch.equal(whole, subject.take(call_with(model, {}, probe)))


def _half(value: Tensor) -> Tensor:
    return value * 0.5
