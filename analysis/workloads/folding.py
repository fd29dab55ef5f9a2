"""Batch norms folded into the weights before them, as deployment does.

Pairs are found by running one batch: a batch norm whose input is the very tensor (same object,
same version) that a convolution or linear layer returned. The folded copy must give the same
outputs; a pair that changes them is left alone.
"""

from collections import Counter
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.proof import all_outputs, same_outputs, shared_parameters
from analysis.workloads.workload import Inputs, call_model

_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True, slots=True)
class Folding:
    """A batch norm and the layer it goes into, by module path."""

    layer: str
    norm: str


def has_batch_norm(model: nn.Module) -> bool:
    """Whether there is anything to fold."""
    return any(isinstance(module, _NORMS) for module in model.modules())


@dataclass(slots=True)
class _Trace:
    """Which batch norm eats which layer's output, untouched in between."""

    made: dict[int, tuple[str, Tensor, int]] = field(default_factory=dict)
    pairs: list[Folding] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def layer_hook(self, name: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            self.calls[name] += 1
            if isinstance(output, Tensor):
                self.made[id(output)] = (name, output, output._version)

        return hook

    def norm_hook(self, name: str) -> Any:
        def hook(_module: nn.Module, args: tuple[Any, ...]) -> None:
            self.calls[name] += 1
            source = self.made.get(id(args[0])) if args else None
            if source is not None and source[2] == args[0]._version:
                self.pairs.append(Folding(source[0], name))

        return hook


def _candidates(model: nn.Module, inputs: Inputs) -> list[Folding]:
    trace = _Trace()
    with temporary_hooks() as handles, torch.no_grad():
        for name, module in model.named_modules():
            if isinstance(module, (*_CONVS, *_TRANSPOSED, nn.Linear)):
                handles.append(module.register_forward_hook(trace.layer_hook(name)))
            elif isinstance(module, _NORMS):
                handles.append(module.register_forward_pre_hook(trace.norm_hook(name)))
        call_model(model, inputs)
    return [x for x in trace.pairs if trace.calls[x.layer] == trace.calls[x.norm] == 1]


def _foldable(model: nn.Module, pair: Folding, shared: set[int]) -> bool:
    norm = model.get_submodule(pair.norm)
    weight = model.get_submodule(pair.layer).weight
    tracked = isinstance(norm, _NORMS) and norm.running_mean is not None
    return tracked and id(weight) not in shared


def _fold(model: nn.Module, pair: Folding) -> None:
    layer = model.get_submodule(pair.layer)
    norm = model.get_submodule(pair.norm)
    if isinstance(layer, nn.Linear):
        fused: nn.Module = fuse_linear_bn_eval(layer, norm)  # type: ignore[arg-type]
    else:
        convolution: Any = layer
        norm_layer: Any = norm
        fused = fuse_conv_bn_eval(convolution, norm_layer, isinstance(layer, _TRANSPOSED))
    model.set_submodule(pair.layer, fused)
    model.set_submodule(pair.norm, nn.Identity())


def _folded(model: nn.Module, pairs: Iterable[Folding]) -> nn.Module:
    copy = deepcopy(model)
    for pair in pairs:
        _fold(copy, pair)
    return copy


def fold_batch_norms(model: nn.Module, inputs: Inputs) -> tuple[nn.Module, tuple[Folding, ...]]:
    """A copy with batch norms folded, and what was folded.

    Args:
        model: in eval mode; left as it was.
        inputs: a few samples, to find the pairs and to prove the copy equal.

    Returns:
        The copy (equal outputs to 1e-4 of the largest output) and the pairs; the model itself and
        no pairs where nothing can be folded.
    """
    shared = shared_parameters(model)
    pairs = [p for p in _candidates(model, inputs) if _foldable(model, p, shared)]
    if not pairs:
        return model, ()
    reference = all_outputs(model, inputs)
    copy = _folded(model, pairs)
    if same_outputs(reference, all_outputs(copy, inputs)):
        return copy, tuple(pairs)
    proven = [p for p in pairs if same_outputs(reference, all_outputs(_folded(model, [p]), inputs))]
    copy = _folded(model, proven)
    if same_outputs(reference, all_outputs(copy, inputs)):
        return copy, tuple(proven)
    return model, ()
