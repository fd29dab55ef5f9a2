"""One forward with weights substituted and layer inputs transformed, the model left as it was.

Weights go in through `torch.func.functional_call`, which reaches attention and functional uses
that swapping modules does not (STYLE 4.2); inputs through forward pre-hooks.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Inputs

Transform = Callable[[Tensor], Tensor]


def call_with(model: nn.Module, weights: Mapping[str, Tensor], inputs: Inputs) -> Any:
    """Run the model with some parameters replaced for this one call.

    `weights` maps parameter names to tensors; the names must come from `find_layers`, because
    functional_call ignores unknown ones silently. Tied parameters follow.
    """
    if isinstance(inputs, Tensor):
        return functional_call(model, dict(weights), (inputs,))
    if isinstance(inputs, Mapping):
        return functional_call(model, dict(weights), (), dict(inputs))
    return functional_call(model, dict(weights), tuple(inputs))


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
