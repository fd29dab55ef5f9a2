"""The range of each channel of the layers' inputs over the calibration set, from one pass."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from analysis.simulate.calibration import CALIBRATION_BATCH
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.subject import Subject

Extremes = tuple[Tensor, Tensor]
"""Smallest and largest value of each channel, (channels,)."""

_SPATIAL = (
    nn.Conv1d,
    nn.Conv2d,
    nn.Conv3d,
    nn.ConvTranspose1d,
    nn.ConvTranspose2d,
    nn.ConvTranspose3d,
)
"""Modules whose channels are the axis after the samples; of all others they are the last."""


def input_channels(subject: Subject) -> Mapping[str, Extremes]:
    """Extremes of each input channel, by layer name, of all layers whose input is seen."""
    found: dict[str, Extremes] = {}

    def hook_for(name: str) -> Any:
        def hook(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            seen = _extremes(module, args[0] if args else next(iter(kwargs.values())))
            before = found.get(name, seen)
            found[name] = (
                torch.minimum(before[0], seen[0]),
                torch.maximum(before[1], seen[1]),
            )

        return hook

    with temporary_hooks() as handles, quiet_inference(subject):
        for layer in subject.layers:
            if layer.has_input:
                module = subject.model.get_submodule(layer.module)
                hook = hook_for(layer.name)
                handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))
        for inputs, _ in subject.calibration_batches(CALIBRATION_BATCH):
            call_with(subject.model, {}, inputs)
    return found


def _extremes(module: nn.Module, x: Tensor) -> Extremes:
    axis = 1 if isinstance(module, _SPATIAL) else -1
    rows = x.detach().movedim(axis, 0).flatten(1)
    return rows.amin(1), rows.amax(1)
