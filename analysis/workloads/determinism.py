"""Where a model that changes its answer does so."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.workload import Inputs, call_model


def first_difference(model: nn.Module, inputs: Inputs) -> str:
    """The module whose output differs first between two runs, in words.

    A module ends after those within it, so the innermost one is named; the model itself where what
    it does between its modules differs.
    """
    first, second = _outputs(model, inputs), _outputs(model, inputs)
    for (path, before), (_, after) in zip(first, second, strict=False):
        if len(before) != len(after) or not all(map(_same, before, after)):
            if not path:
                return f"{type(model).__name__} itself, outside its modules"
            return f"{path} ({type(model.get_submodule(path)).__name__})"
    return f"{type(model).__name__} itself, now and then"


def _outputs(model: nn.Module, inputs: Inputs) -> list[tuple[str, list[Tensor]]]:
    """What each module returned, in the order in which they ended."""
    seen: list[tuple[str, list[Tensor]]] = []

    def hook_for(path: str) -> Any:
        def after(_module: nn.Module, _args: Any, output: Any) -> None:
            leaves = pytree.tree_leaves(output)
            seen.append((path, [x.clone() for x in leaves if isinstance(x, Tensor)]))

        return after

    with temporary_hooks() as handles, torch.no_grad():
        for path, module in model.named_modules():
            handles.append(module.register_forward_hook(hook_for(path)))
        call_model(model, inputs)
    return seen


def _same(before: Tensor, after: Tensor) -> bool:
    """Equal bit for bit; NaN equals NaN."""
    return before.shape == after.shape and bool(
        ((before == after) | (before.isnan() & after.isnan())).all()
    )
