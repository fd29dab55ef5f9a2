"""Layers that belong together: fused projections, and inputs that meet in an add or a concat."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from analysis.layers import Layer
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.tracing import TensorClasses
from analysis.workloads.workload import Inputs, call_model

_AFFIX = r"(?:_?(?:proj|lin|linear|layer|dense))?\d*"
_FAMILIES = (
    re.compile(
        rf"(?:to_?|w|in_|lin(?:ear)?_|fc_?)?(?:q|k|v|query|key|value|queries|keys|values){_AFFIX}"
    ),
    re.compile(rf"(?:to_?|w|in_|lin(?:ear)?_|fc_?)?(?:gate|up){_AFFIX}|w[13]|wi_[01]|fc1_[gx]"),
)
"""Names of projections that runtimes merge into one: q, k and v; gate and up."""


@dataclass(slots=True)
class _Reads:
    """What each module read, by its path: the tensors, and the classes they belong to."""

    tensors: dict[str, list[int]] = field(default_factory=dict)
    classes: dict[str, list[int]] = field(default_factory=dict)


def grouped(model: nn.Module, inputs: Inputs, layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers with their decision groups and input groups, found by one forward.

    Linear layers of one parent that read the very same tensor become one decision group where
    their names say that they are q, k and v or gate and up, or where their shapes do: three alike
    (q, k and v), or two alike that widen (gate and up). Layers whose inputs are one tensor, or
    meet in a residual add or a concatenation, become one input group. Tied weights are one layer
    already.

    Args:
        model: in eval mode; left as it was.
        inputs: one small batch.
        layers: in call order, each a group of its own.
    """
    reads = _observe(model, inputs, layers)
    fused = dict(_fused(model, layers, reads))
    joined = dict(_named(layers, reads.classes))
    return tuple(
        replace(layer, group=fused.get(layer.name, layer.group), input_group=joined.get(layer.name))
        for layer in layers
    )


def _observe(model: nn.Module, inputs: Inputs, layers: Sequence[Layer]) -> _Reads:
    """Run once and note what the layers' modules read."""
    reads, mode = _Reads(), TensorClasses()

    def hook_for(path: str) -> Any:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            given = args[0] if args else next(iter(kwargs.values()), None)
            if isinstance(given, Tensor) and given.is_floating_point():
                reads.tensors.setdefault(path, []).append(mode.place(given))

        return hook

    with temporary_hooks() as handles, torch.no_grad():
        for path in {layer.module for layer in layers if layer.has_input}:
            module = model.get_submodule(path)
            handles.append(module.register_forward_pre_hook(hook_for(path), with_kwargs=True))
        with mode:
            call_model(model, inputs)
    reads.classes = {
        path: [mode.root(place) for place in places] for path, places in reads.tensors.items()
    }
    return reads


def _named(layers: Sequence[Layer], classes: Mapping[str, list[int]]) -> Iterator[tuple[str, str]]:
    """Layer and name of its input group; a layer that ran twice joins what both calls read."""
    members: dict[int, list[Layer]] = {}
    parents: dict[int, int] = {}

    def root(place: int) -> int:
        while parents.setdefault(place, place) != place:
            place = parents[place]
        return place

    readers = [layer for layer in layers if layer.has_input and layer.module in classes]
    for layer in readers:
        for place in classes[layer.module]:
            parents[root(place)] = root(classes[layer.module][0])
    for layer in readers:
        members.setdefault(root(classes[layer.module][0]), []).append(layer)
    for group in members.values():
        if len(group) > 1:
            yield from ((layer.name, f"{group[0].name} input") for layer in group)


def _fused(model: nn.Module, layers: Sequence[Layer], reads: _Reads) -> Iterator[tuple[str, str]]:
    """Layer and name of its decision group."""
    siblings: dict[Hashable, list[Layer]] = {}
    for layer in layers:
        places = reads.tensors.get(layer.module)
        if places and isinstance(model.get_submodule(layer.module), nn.Linear):
            parent = layer.module.rpartition(".")[0]
            siblings.setdefault((parent, tuple(places), layer.weight_shape[1]), []).append(layer)
    for alike in siblings.values():
        for group in _projections(alike):
            parent, _, first = group[0].name.rpartition(".")
            names = [first, *(layer.name.rpartition(".")[2] for layer in group[1:])]
            name = "+".join(names)
            yield from ((layer.name, f"{parent}.{name}" if parent else name) for layer in group)


def _projections(layers: Sequence[Layer]) -> Iterator[list[Layer]]:
    """Those of some sisters that a runtime merges."""
    rest = list(layers)
    for family in _FAMILIES:
        found = [layer for layer in rest if family.fullmatch(layer.name.rpartition(".")[2].lower())]
        if len(found) > 1:
            yield found
            rest = [layer for layer in rest if layer not in found]
    if len(rest) in (2, 3) and len(set(_shapes(rest))) == 1:
        out, into = rest[0].weight_shape
        if len(rest) == 3 or out > into:
            yield rest


def _shapes(layers: Iterable[Layer]) -> Iterator[tuple[int, ...]]:
    return (layer.weight_shape for layer in layers)
