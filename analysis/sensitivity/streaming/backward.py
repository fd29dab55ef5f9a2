"""The backward pass: each half loaded again, recomputed from its input, its gradients dotted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.draw import Draw
from analysis.sensitivity.streaming.forward import gradient_key, state_key
from analysis.sensitivity.streaming.halves import Half
from analysis.sensitivity.streaming.hidden import HiddenStates
from analysis.sensitivity.streaming.source import StreamSource
from analysis.workloads.decoder.net import rotary


def errors_of(weight: Tensor, specs: Sequence[QuantSpec], channel_axis: int) -> Tensor:
    """Quantised less float weight, (specs, size); filled row by row to hold it once."""
    found = torch.empty(len(specs), weight.numel())
    for row, spec in zip(found, specs, strict=True):
        row.copy_((fake_quantize_weight(weight, spec, channel_axis) - weight).flatten())
    return found


def half_effects(
    source: StreamSource,
    half: Half,
    specs: Sequence[QuantSpec],
    draw: Draw,
    directions: int,
    states: HiddenStates,
) -> Mapping[str, Tensor]:
    """First-order output shift of every spec on the half's layers, and the gradient passed on.

    Returns:
        Layer name to float64, (drawn samples * directions, specs).
    """
    module, turn = half.load(source), rotary(source.config, source.windows.tokens.shape[1])
    local = [layer.param.removeprefix(half.prefix) for layer in half.layers]
    leaves = [module.get_parameter(name) for name in local]
    errors = [
        errors_of(leaf.detach(), specs, layer.channel_axis)
        for leaf, layer in zip(leaves, half.layers, strict=True)
    ]
    rows: dict[str, list[Tensor]] = defaultdict(list)
    for row, sample in enumerate(draw.indices):
        x = states.get(state_key(half.number, int(sample))).requires_grad_()
        with torch.enable_grad():
            y = module(x, *turn)
        for direction in range(directions):
            place = gradient_key(row, direction)
            with torch.enable_grad():
                loss = (y * states.get(place)).sum()
            *found, passed = torch.autograd.grad(
                loss, [*leaves, x], retain_graph=direction + 1 < directions
            )
            states.put(place, passed)
            for layer, table, gradient in zip(half.layers, errors, found, strict=True):
                rows[layer.name].append(table @ gradient.flatten())
    return {name: torch.stack(effects).double() for name, effects in rows.items()}
