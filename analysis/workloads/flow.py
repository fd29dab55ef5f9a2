"""Which layers feed which, found by running one batch: the edges of the network's picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from analysis.layers import Layer
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.workload import Inputs, call_model

Edge = tuple[str, str]
_Makers = frozenset[str]


class _Origins(TorchFunctionMode):
    """While active, notes for each tensor the layers that it was made of, the nearest only.

    A function's results come from what its arguments come from; tensors are not kept alive.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known = WeakTensorKeyDictionary()

    def of(self, value: Any) -> _Makers:
        """The layers behind a value: a tensor, or tensors in a list."""
        found: _Makers = frozenset()
        for tensor in _tensors(value):
            known: _Makers | None = self._known.get(tensor)  # type: ignore[no-untyped-call]
            found |= known or frozenset()
        return found

    def note(self, value: Any, makers: _Makers) -> None:
        """Say what a value was made of."""
        for tensor in _tensors(value):
            self._known[tensor] = makers

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Run one function of torch and pass on what its arguments were made of."""
        makers = self.of([args, list((kwargs or {}).values())])
        result = func(*args, **(kwargs or {}))
        if makers:
            self.note(result, makers)
        return result


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for part in value for tensor in _tensors(part)]
    return []


@dataclass(slots=True, eq=False)
class _Watch:
    """What hooks see: who made what each layer reads."""

    origins: _Origins = field(default_factory=_Origins)
    edges: dict[Edge, None] = field(default_factory=dict)

    def before(self, name: str) -> Any:
        """A pre-hook of the layer of that name."""

        def hook(_module: nn.Module, args: Any, kwargs: Any) -> None:
            makers = self.origins.of([args, kwargs]) - {name}
            self.edges.update({(maker, name): None for maker in makers})

        return hook

    def after(self, name: str) -> Any:
        """A hook of the layer of that name."""

        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            self.origins.note(output, frozenset({name}))

        return hook


def find_edges(model: nn.Module, inputs: Inputs, layers: Sequence[Layer]) -> tuple[Edge, ...]:
    """Pairs of layer names: the second reads, through functions alone, what the first made.

    A layer whose module never runs has no edge.

    Args:
        model: in eval mode; left as it was.
        inputs: one small batch.
        layers: in call order; of several weights in one module the first stands for it.
    """
    names: dict[str, str] = {}
    for layer in layers:
        names.setdefault(layer.module, layer.name)
    watch = _Watch()
    with temporary_hooks() as handles, torch.no_grad():
        for path, name in names.items():
            module = model.get_submodule(path)
            handles.append(module.register_forward_pre_hook(watch.before(name), with_kwargs=True))
            handles.append(module.register_forward_hook(watch.after(name)))
        with watch.origins:
            call_model(model, inputs)
    order = {layer.name: place for place, layer in enumerate(layers)}
    return tuple(sorted(watch.edges, key=lambda edge: (order[edge[0]], order[edge[1]])))
