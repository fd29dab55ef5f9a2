"""Where a weight is used: the modules whose output changes first when it is quantised."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from analysis.layers import Layer
from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.ground import Ground
from analysis.simulate.quantized import in_place
from analysis.simulate.substitution import call_with, quiet_inference
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


@dataclass(slots=True)
class Repeat:
    """Whether a call is being repeated, so that it is not watched itself."""

    running: bool = False

    @contextmanager
    def begun(self) -> Iterator[None]:
        """While this lasts, calls are repetitions."""
        before, self.running = self.running, True
        try:
            yield
        finally:
            self.running = before


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of an owner in the float run, ready to be repeated with quantised weights."""

    ground: Ground
    module: nn.Module
    args: Any
    kwargs: Any
    repeat: Repeat

    def with_cell(self, layer: Layer, cell: Cell) -> list[Tensor]:
        """The module's own float outputs with only that weight quantised and its bias corrected."""
        quantized = self.ground.quantized(layer, cell)
        args, kwargs = copied(self.args), copied(self.kwargs)
        placed = in_place(self.ground.subject, {layer: quantized})
        with torch.no_grad(), placed, self.repeat.begun():
            return float_tensors(self.module(*args, **kwargs))


@contextmanager
def watched_calls(ground: Ground, used: Mapping[str, Sequence[Layer]], see: Any) -> Iterator[None]:
    """While this lasts, ``see(call, layers, output)`` is asked after each call of an owner.

    What it returns takes the place of the output, unless it is None. Repetitions are not watched.
    """
    repeat = Repeat()

    def hooks_for(module: nn.Module, layers: Sequence[Layer]) -> tuple[Any, Any]:
        stack: list[tuple[Any, Any]] = []

        def before(_module: Any, args: Any, kwargs: Any) -> None:
            if not repeat.running:
                stack.append((copied(args), copied(kwargs)))

        def after(_module: Any, _args: Any, _kwargs: Any, output: Any) -> Any:
            if repeat.running:
                return None
            return see(Call(ground, module, *stack.pop(), repeat), layers, output)

        return before, after

    with temporary_hooks() as handles:
        for path, layers in used.items():
            module = ground.subject.model.get_submodule(path)
            before, after = hooks_for(module, layers)
            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
            handles.append(module.register_forward_hook(after, with_kwargs=True))
        yield
