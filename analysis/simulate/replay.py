"""Re-run only what comes after a changed layer, on any network, without a graph.

A clean forward records what every module returned. For a cut at layer k, the largest modules that
had finished before k's weight was first used hand back their record instead of computing. What
lies between modules (additions, concatenations) runs again; it is cheap.

Traps that shaped this (STYLE 4.3): a record that a later in-place operation writes to must be
cloned when taken and when handed back (found by tensor version counters); the cut is the first use
of the *parameter*, not of the module (tied weights, weights used by a parent).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from analysis.layers import Layer
from analysis.simulate.substitution import call_with
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.workload import Inputs

Key = tuple[str, int]
"""Module path and the number of the call."""

Rewind = Callable[[], None]
"""To be called before each forward."""


@dataclass(slots=True)
class _Call:
    """One call of one module in the clean forward, by ticks of a common clock."""

    key: Key
    parent: "_Call | None"
    start: int
    end: int = -1
    output: Any = None


@dataclass(slots=True, eq=False)
class Recording:
    """What the modules returned in one clean forward.

    Attributes:
        result: what the model returned.
        calls: every module call, in the order of their starts.
        touched: calls whose output was written to afterwards; their records are clones.
    """

    result: Any
    calls: list[_Call]
    touched: frozenset[Key]
    starts: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        starts: dict[str, int] = {}
        for call in self.calls:
            starts.setdefault(call.key[0], call.start)
        self.starts = starts

    def cut(self, layer: Layer) -> int:
        """Tick of the first use of the layer's weight.

        That is the start of its module, or of the nearest parent that ran where the module itself
        never does.
        """
        return min(self._first_use(name) for name in (layer.param, *layer.tied))

    def _first_use(self, param: str) -> int:
        path = param.rpartition(".")[0]
        while path and path not in self.starts:
            path = path.rpartition(".")[0]
        return self.starts.get(path, 0)


def _clone(tree: Any) -> Any:
    return pytree.tree_map(lambda leaf: leaf.clone() if isinstance(leaf, Tensor) else leaf, tree)


def _versions(tree: Any) -> list[int]:
    return [leaf._version for leaf in _tensors(tree) if not leaf.is_inference()]


def _tensors(tree: Any) -> list[Tensor]:
    return [leaf for leaf in pytree.tree_leaves(tree) if isinstance(leaf, Tensor)]


def _watched(model: nn.Module, inputs: Inputs, touched: frozenset[Key]) -> tuple[Any, list[_Call]]:
    """Run once with hooks on all modules; clone the outputs of `touched` calls."""
    calls: list[_Call] = []
    stack: list[_Call] = []
    counts: dict[str, int] = {}
    clock = count()

    def hooks_for(path: str) -> tuple[Any, Any]:
        def before(_module: nn.Module, _args: Any) -> None:
            number = counts.get(path, 0)
            counts[path] = number + 1
            call = _Call((path, number), stack[-1] if stack else None, next(clock))
            calls.append(call)
            stack.append(call)

        def after(_module: nn.Module, _args: Any, output: Any) -> None:
            call = stack.pop()
            call.end = next(clock)
            call.output = _clone(output) if call.key in touched else output

        return before, after

    with temporary_hooks() as handles:
        for path, module in model.named_modules():
            before, after = hooks_for(path)
            handles.append(module.register_forward_pre_hook(before))
            handles.append(module.register_forward_hook(after))
        return call_with(model, {}, inputs), calls


def find_touched(model: nn.Module, inputs: Inputs) -> frozenset[Key]:
    """Module calls whose output something writes to in place later in the forward.

    Those under ``torch.inference_mode`` may be: such tensors do not count what writes to them.
    """
    seen: list[tuple[Key, Any, list[int]]] = []
    counts: dict[str, int] = {}

    def hook_for(path: str) -> Any:
        def after(_module: nn.Module, _args: Any, output: Any) -> None:
            number = counts.get(path, 0)
            counts[path] = number + 1
            seen.append(((path, number), output, _versions(output)))

        return after

    with temporary_hooks() as handles:
        for path, module in model.named_modules():
            handles.append(module.register_forward_hook(hook_for(path)))
        call_with(model, {}, inputs)
    return frozenset(
        key
        for key, output, before in seen
        if _versions(output) != before or any(leaf.is_inference() for leaf in _tensors(output))
    )


def record(model: nn.Module, inputs: Inputs, touched: frozenset[Key]) -> Recording:
    """Run the model once and keep what its modules returned."""
    result, calls = _watched(model, inputs, touched)
    return Recording(result, calls, touched)


def _scripts(recording: Recording, cut: int) -> dict[str, list[_Call | None]]:
    """For each module that has something to hand back: its record, or None to run, call by call."""
    replayed: set[int] = set()
    scripts: dict[str, list[_Call | None]] = {}
    for call in recording.calls:
        if call.parent is not None and id(call.parent) in replayed:
            replayed.add(id(call))
            continue
        done = call.end < cut
        if done:
            replayed.add(id(call))
        scripts.setdefault(call.key[0], []).append(call if done else None)
    return {
        path: script
        for path, script in scripts.items()
        if any(entry is not None for entry in script)
    }


@contextmanager
def replayed(model: nn.Module, recording: Recording, cut: int) -> Iterator[Rewind]:
    """Modules that finished before the tick `cut` hand back their record while this lasts.

    Yields:
        A function to call before each forward.
    """
    positions: dict[str, int] = {}
    stubbed: list[nn.Module] = []

    def stub_for(path: str, script: Sequence[_Call | None], original: Any) -> Any:
        def forward(*args: Any, **kwargs: Any) -> Any:
            position = positions.get(path, 0)
            positions[path] = position + 1
            entry = script[position] if position < len(script) else None
            if entry is None:
                return original(*args, **kwargs)
            return _clone(entry.output) if entry.key in recording.touched else entry.output

        return forward

    try:
        for path, script in _scripts(recording, cut).items():
            module = model.get_submodule(path)
            if "forward" in vars(module):
                continue  # somebody else's patch: let it run, which is correct and only slower
            module.forward = stub_for(path, script, module.forward)
            stubbed.append(module)
        yield positions.clear
    finally:
        for module in stubbed:
            del module.forward
