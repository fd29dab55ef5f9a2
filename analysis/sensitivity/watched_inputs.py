"""Hooks that tell, during a backward pass, what the errors of the layers' inputs do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from analysis.sensitivity.input_bins import InputBins
from analysis.sensitivity.points import Target
from analysis.workloads.hooks import temporary_hooks


@dataclass(slots=True, eq=False)
class WatchedInputs:
    """What the hooks of one mini-batch share.

    Attributes:
        alone: whether no weight asks for a gradient, so that every input has to.
        roots: inputs that need a gradient and would not get one by themselves.
        effects: layer name to the effect of each spec, filled during a backward.
        reached: tensors that had a gradient other than zero.
    """

    alone: bool
    roots: list[Tensor] = field(default_factory=list)
    effects: dict[str, Tensor] = field(default_factory=dict)
    reached: set[tuple[Target, str]] = field(default_factory=set)

    def note(self, target: Target, name: str, gradient: Tensor | None) -> None:
        """Note that a tensor has a gradient, if it has one."""
        if (target, name) not in self.reached and gradient is not None and bool(gradient.any()):
            self.reached.add((target, name))

    def hook(self, name: str, bins: InputBins) -> Any:
        """A forward pre-hook for one layer."""

        def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
            first = None if args else next(iter(kwargs))
            given = args[0] if first is None else kwargs[first]
            # An alias of its own, so that the gradient is that of this use alone.
            alias = given.view_as(given) if given.requires_grad else given.detach().requires_grad_()
            if self.alone or not given.requires_grad:
                self.roots.append(alias)
            places = bins.place(given)

            def backward(gradient: Tensor) -> None:
                self.note("activation", name, gradient)
                found = bins.effects(places, gradient)
                earlier = self.effects.get(name)
                self.effects[name] = found if earlier is None else earlier + found

            alias.register_hook(backward)
            if first is None:
                return (alias, *args[1:]), kwargs
            return args, {**kwargs, first: alias}

        return hook


@contextmanager
def watched_inputs(
    bins: Mapping[str, tuple[nn.Module, InputBins]], *, alone: bool
) -> Iterator[WatchedInputs]:
    """Watch the first input of some modules, by layer name, while the context lasts."""
    watched = WatchedInputs(alone)
    with temporary_hooks() as handles:
        for name, (module, table) in bins.items():
            hook = watched.hook(name, table)
            handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))
        yield watched
