"""Which modules make channels for which others, found by running one batch."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from analysis.workloads.channels import PRODUCTS, can_scale
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.proof import shared_parameters
from analysis.workloads.workload import Inputs, call_model

_COMMUTING = (
    nn.ReLU,
    nn.LeakyReLU,
    nn.Identity,
    nn.Dropout,
    nn.Dropout2d,
    nn.Flatten,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.AvgPool1d,
    nn.AvgPool2d,
    nn.AvgPool3d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveMaxPool2d,
)
"""Modules f with f(s x) = s f(x) for s > 0, channel by channel."""


@dataclass(frozen=True, slots=True)
class Link:
    """A module that makes channels, and the modules that use them, by path.

    Attributes:
        maker: a layer, or a normalisation.
        users: layers; a layer as maker has one.
    """

    maker: str
    users: tuple[str, ...]


@dataclass(slots=True)
class _Trace:
    """Which layers get what another module made, through nothing but commuting modules."""

    made: dict[int, tuple[str, Tensor, int]] = field(default_factory=dict)
    uses: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    calls: Counter[str] = field(default_factory=Counter)

    def source(self, value: Any) -> str | None:
        """What made a tensor that was not written to since."""
        known = self.made.get(id(value))
        return known[0] if known is not None and known[2] == value._version else None

    def note(self, source: str, output: Any) -> None:
        """Remember what made a tensor; keeping it keeps its id from being taken again."""
        if isinstance(output, Tensor):
            self.made[id(output)] = (source, output, output._version)

    def before(self, name: str) -> Any:
        """A pre-hook for layers."""

        def hook(_module: nn.Module, args: tuple[Any, ...]) -> None:
            self.calls[name] += 1
            source = self.source(args[0]) if args else None
            if source is not None and all(x is args[0] for x in args[1:3]):
                self.uses[source].append(name)

        return hook

    def after(self, name: str) -> Any:
        """A hook for what makes channels."""

        def hook(_module: nn.Module, _args: Any, output: Any) -> None:
            self.note(name, output)

        return hook

    def through(self) -> tuple[Any, Any]:
        """Hooks for commuting modules, which may work in place."""
        entered: list[str | None] = []

        def before(_module: nn.Module, args: tuple[Any, ...]) -> None:
            entered.append(self.source(args[0]) if args else None)

        def after(_module: nn.Module, _args: Any, output: Any) -> None:
            source = entered.pop()
            if source is not None:
                self.note(source, output)

        return before, after


def is_norm(module: nn.Module) -> bool:
    """A normalisation over the last axis with a weight for each place on it."""
    weight = getattr(module, "weight", None)
    named = isinstance(module, nn.LayerNorm) or type(module).__name__.endswith("RMSNorm")
    return named and isinstance(weight, Tensor) and weight.dim() == 1


def find_links(model: nn.Module, inputs: Inputs) -> tuple[Link, ...]:
    """What makes channels for what, as far as one batch shows it."""
    trace = _Trace()
    with temporary_hooks() as handles, torch.no_grad():
        for name, module in model.named_modules():
            if can_scale(module):
                handles.append(module.register_forward_pre_hook(trace.before(name)))
            if isinstance(module, PRODUCTS) or is_norm(module):
                handles.append(module.register_forward_hook(trace.after(name)))
            elif isinstance(module, _COMMUTING):
                before, after = trace.through()
                handles.append(module.register_forward_pre_hook(before))
                handles.append(module.register_forward_hook(after))
        call_model(model, inputs)
    shared = shared_parameters(model)
    links = (Link(maker, tuple(dict.fromkeys(users))) for maker, users in trace.uses.items())
    return tuple(link for link in links if _usable(model, link, trace.calls, shared))


def _usable(model: nn.Module, link: Link, calls: Counter[str], shared: set[int]) -> bool:
    maker = model.get_submodule(link.maker)
    if not is_norm(maker) and (
        len(link.users) > 1 or calls[link.maker] > 1 or not can_scale(maker)
    ):
        return False
    modules = [maker, *(model.get_submodule(name) for name in link.users)]
    alone = all(calls[name] == 1 for name in link.users)
    return alone and not any(id(p) in shared for m in modules for p in m.parameters(recurse=False))
