"""Proxies from gradients of the label loss: first-order Taylor, gradient times output difference.

One forward and one backward pass of the sweep set give both.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from analysis.layers import Layer
from analysis.sensitivity.points import Cell
from analysis.sensitivity.proxies.ground import Ground
from analysis.sensitivity.proxies.label_loss import Labels, label_losses
from analysis.sensitivity.proxies.uses import Call, float_tensors, owners, watched_calls
from analysis.sensitivity.proxies.weight_error import Figures
from analysis.workloads.workload import call_model


def first_order(ground: Ground, labels: Labels) -> Figures:
    """|<mean g, dW>|, and the mean over samples of the sum of g² dz² over a module's outputs."""
    products: dict[Cell, float] = defaultdict(float)
    totals = {layer.name: torch.zeros(layer.weight_shape).double() for layer in ground.layers}

    def see(call: Call, layers: Sequence[Layer], output: Any) -> Any:
        for place, value in enumerate(float_tensors(output)):
            if value.requires_grad:
                hook: Any = _adder(ground, call, layers, place, value, products)
                value.register_hook(hook)  # type: ignore[no-untyped-call]
        # Later in-place operations write to the copy, and the hooks keep what was returned.
        return pytree.tree_map(lambda x: x.clone() if isinstance(x, Tensor) else x, output)

    made = ground.subject
    with ground.leaves() as leaves, watched_calls(ground, owners(ground), see):
        for inputs, target in ground.batches():
            output = made.take(call_model(made.model, inputs))
            loss = label_losses(labels, output, target).sum()
            found = torch.autograd.grad(loss, leaves, allow_unused=True)
            for layer, gradient in zip(ground.layers, found, strict=True):
                if gradient is not None:
                    totals[layer.name] += gradient.double()
    samples = ground.samples
    taylor = {
        cell: abs(float((totals[layer.name] * ground.error(layer, cell)).sum())) / samples
        for layer in ground.layers
        for cell in ground.cells[layer.name]
    }
    return {
        "first_order_taylor": taylor,
        "gradient_output": {cell: products[cell] / samples for cell in taylor},
    }


def _adder(
    ground: Ground,
    call: Call,
    layers: Sequence[Layer],
    place: int,
    reference: Tensor,
    products: dict[Cell, float],
) -> Any:
    """A hook for the gradient of one output; the loss is a sum, so each sample has its own."""
    kept = reference.detach()

    def hook(gradient: Tensor) -> None:
        for layer in layers:
            for cell in ground.cells[layer.name]:
                change = call.with_cell(layer, cell)[place] - kept
                products[cell] += float((gradient * change).square().sum(dtype=torch.float64))

    return hook
