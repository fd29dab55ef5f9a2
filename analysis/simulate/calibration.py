"""What the layers' inputs look like over the calibration set: one pass for every bit-width."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from analysis.layers import Layer
from analysis.quant.observer import Observer
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.subject import Subject

Ranges = Mapping[str, Observer]
"""Layer name to what was seen of its input."""

CALIBRATION_BATCH = 64


def calibrate(subject: Subject, layers: Iterable[Layer] | None = None) -> Ranges:
    """Run the calibration set once and keep a bounded histogram of each layer's input.

    Args:
        subject: what is analysed.
        layers: those to watch; None watches every layer whose input is a float tensor.
    """
    watched = [x for x in (subject.layers if layers is None else layers) if x.has_input]
    observers = {layer.name: Observer() for layer in watched}

    def hook_for(observer: Observer) -> Any:
        def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            observer.update(args[0] if args else next(iter(kwargs.values())))

        return hook

    with temporary_hooks() as handles, quiet_inference(subject):
        for layer in watched:
            module = subject.model.get_submodule(layer.module)
            hook = hook_for(observers[layer.name])
            handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))
        for inputs, _ in subject.calibration_batches(CALIBRATION_BATCH):
            call_with(subject.model, {}, inputs)
    return observers
