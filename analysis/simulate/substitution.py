"""One forward with weights substituted and layer inputs transformed, the model left as it was.

Weights take the place of parameters for the length of a context, which reaches attention and
functional uses that swapping modules does not (STYLE 4.2). `torch.func.functional_call` does the
same, but looks for tied names anew in each call: a third of the time of a small net.
Inputs are transformed by forward pre-hooks.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Inputs, call_model

Transform = Callable[[Tensor], Tensor]
_Ties = Mapping[str, tuple[str, ...]]

_TIES: "WeakKeyDictionary[nn.Module, _Ties]" = WeakKeyDictionary()


def _ties(model: nn.Module) -> _Ties:
    """For each parameter name, all names of the same parameter."""
    known = _TIES.get(model)
    if known is None:
        names: dict[int, list[str]] = defaultdict(list)
        for name, parameter in model.named_parameters(remove_duplicate=False):
            names[id(parameter)].append(name)
        known = {name: tuple(group) for group in names.values() for name in group}
        _TIES[model] = known
    return known


@contextmanager
def substituted(model: nn.Module, weights: Mapping[str, Tensor]) -> Iterator[None]:
    """Parameters are replaced while the context lasts, under all names of tied ones.

    Args:
        model: the model; its own parameters are never written to.
        weights: full parameter names to tensors of the same shape.

    Raises:
        KeyError: the model has no parameter of that name.
    """
    kept: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for name, tensor in weights.items():
            for tied in _ties(model)[name]:
                path, _, own = tied.rpartition(".")
                parameters: dict[str, Any] = model.get_submodule(path)._parameters
                kept.append((parameters, own, parameters[own]))
                parameters[own] = tensor
        yield
    finally:
        for parameters, own, original in reversed(kept):
            parameters[own] = original


def call_with(model: nn.Module, weights: Mapping[str, Tensor], inputs: Inputs) -> Any:
    """Run the model with some parameters replaced for this one call; see `substituted`."""
    with substituted(model, weights):
        return call_model(model, inputs)


@contextmanager
def input_transforms(model: nn.Module, transforms: Mapping[str, Transform]) -> Iterator[None]:
    """Pass the first input of each named module through a function while the context lasts."""

    def hook_for(transform: Transform) -> Any:
        def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if args:
                return (transform(args[0]), *args[1:]), kwargs
            first = next(iter(kwargs))
            return args, {**kwargs, first: transform(kwargs[first])}

        return hook

    with temporary_hooks() as handles:
        for path, transform in transforms.items():
            module = model.get_submodule(path)
            handles.append(module.register_forward_pre_hook(hook_for(transform), with_kwargs=True))
        yield


@contextmanager
def quiet_inference(subject: Subject) -> Iterator[None]:
    """Hold the model's lock, no autograd, and the attention fast path off.

    The fast path computes the same with other kernels and skips hooks; leaving it on would make
    the float and the quantised run differ by more than the quantisation.
    """
    fast = torch.backends.mha.get_fastpath_enabled()
    with subject.lock, torch.no_grad():
        torch.backends.mha.set_fastpath_enabled(False)
        try:
            yield
        finally:
            torch.backends.mha.set_fastpath_enabled(fast)
