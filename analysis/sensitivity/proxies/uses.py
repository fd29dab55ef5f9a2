"""Where a weight is used: the modules whose output changes first when it is quantised."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from analysis.layers import Layer
from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.ground import Ground
from analysis.simulate.substitution import call_with, quiet_inference, substituted
from analysis.workloads.hooks import temporary_hooks


def owners(ground: Ground) -> dict[str, list[Layer]]:
    """Module path to the layers whose weight it uses.

    That is the module of the parameter, or its nearest parent that ran where the module itself
    never does; tied weights are looked at wherever they are used.
    """
    model, ran = ground.subject.model, set[str]()

    def hook_for(path: str) -> Any:
        return lambda *_: ran.add(path)

    with temporary_hooks() as handles, quiet_inference(ground.subject):
        for path, module in model.named_modules():
            handles.append(module.register_forward_hook(hook_for(path)))
        call_with(model, {}, ground.subject.probe)
    found: dict[str, list[Layer]] = {}
    for layer in ground.layers:
        for path in dict.fromkeys(_nearest(name, ran) for name in (layer.param, *layer.tied)):
            found.setdefault(path, []).append(layer)
    return found


def _nearest(param: str, ran: set[str]) -> str:
    path = param.rpartition(".")[0]
    while path and path not in ran:
        path = path.rpartition(".")[0]
    return path


def float_tensors(tree: object) -> list[Tensor]:
    """The float tensors of a module's output, in a fixed order."""
    leaves = pytree.tree_leaves(tree)
    return [x for x in leaves if isinstance(x, Tensor) and x.is_floating_point()]


def copied(tree: Any) -> Any:
    """A copy that a module may write to."""
    return pytree.tree_map(lambda x: x.detach().clone() if isinstance(x, Tensor) else x, tree)


class Call:
    """One call of an owner in the float run, ready to be repeated with quantised weights."""

    def __init__(self, ground: Ground, path: str, args: Any, kwargs: Any) -> None:
        self._ground, self._args, self._kwargs = ground, args, kwargs
        self._module = ground.subject.model.get_submodule(path)

    def with_cell(self, layer: Layer, cell: Cell) -> list[Tensor]:
        """The module's own float outputs with only that weight quantised."""
        weight = self._ground.weights.get(layer, cell.spec).weight
        args, kwargs = copied(self._args), copied(self._kwargs)
        with torch.no_grad(), substituted(self._ground.subject.model, {layer.param: weight}):
            return float_tensors(self._module.forward(*args, **kwargs))


@contextmanager
def watched_calls(ground: Ground, used: Mapping[str, Sequence[Layer]], see: Any) -> Iterator[None]:
    """While this lasts, ``see(call, layers, output)`` is asked after each call of an owner.

    What it returns takes the place of the output, unless it is None. Calls that `see` itself makes
    are not watched.
    """
    inside = False

    def hooks_for(path: str, layers: Sequence[Layer]) -> tuple[Any, Any]:
        stack: list[tuple[Any, Any]] = []

        def before(_module: Any, args: Any, kwargs: Any) -> None:
            if not inside:
                stack.append((copied(args), copied(kwargs)))

        def after(_module: Any, _args: Any, _kwargs: Any, output: Any) -> Any:
            nonlocal inside
            if inside:
                return None
            inside = True
            try:
                return see(Call(ground, path, *stack.pop()), layers, output)
            finally:
                inside = False

        return before, after

    with temporary_hooks() as handles:
        for path, layers in used.items():
            module = ground.subject.model.get_submodule(path)
            before, after = hooks_for(path, layers)
            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(module.register_forward_hook(after, with_kwargs=True))
        yield
