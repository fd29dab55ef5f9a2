"""The backward pass: each half loaded again, recomputed from its input, its gradients dotted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from analysis.layers import Layer
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.draw import Draw
from analysis.sensitivity.streaming.forward import gradient_key, state_key
from analysis.sensitivity.streaming.halves import Half
from analysis.sensitivity.streaming.hidden import HiddenStates
from analysis.sensitivity.streaming.source import StreamSource
from analysis.workloads.decoder.net import rotary


def errors_of(
    weight: Tensor, specs: Sequence[QuantSpec], channel_axis: int, room: Tensor
) -> Tensor:
    """Quantised less float weight, (specs, size), written into the room of so many values."""
    found = room.reshape(len(specs), weight.numel())
    for row, spec in zip(found, specs, strict=True):
        torch.sub(
            fake_quantize_weight(weight, spec, channel_axis), weight, out=row.view(weight.shape)
        )
    return found


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked of every half.

    Attributes:
        specs: of every weight.
        draw: the samples.
        directions: of each sample.
        room: for the errors of a group of layers, (specs * weights); one for the whole pass,
            since freed tables leave gaps into which the next ones do not fit.
    """

    specs: tuple[QuantSpec, ...]
    draw: Draw
    directions: int
    room: Tensor

    @property
    def most(self) -> int:
        """Weights whose errors fit at once."""
        return len(self.room) // len(self.specs)


def half_effects(
    source: StreamSource, half: Half, plan: Plan, states: HiddenStates
) -> Mapping[str, Tensor]:
    """First-order output shift of every spec on the half's layers, and the gradient passed on.

    A table of errors is several times the size of its weight, so few layers are done at a time and
    the half is run again for others; the last run passes the gradient on.

    Returns:
        Layer name to float64, (drawn samples * directions, specs).
    """
    module = half.load(source)
    groups = list(_together(half.layers, plan.most))
    found: dict[str, Tensor] = {}
    for number, layers in enumerate(groups):
        last = number + 1 == len(groups)
        found |= _group_effects(source, half, module, layers, plan, states, last=last)
    return found


def _together(layers: Sequence[Layer], most: int) -> Iterator[list[Layer]]:
    """Neighbouring layers of at most so many weights together."""
    group: list[Layer] = []
    for layer in layers:
        if group and sum(x.parameters for x in group) + layer.parameters > most:
            yield group
            group = []
        group.append(layer)
    yield group


def _group_effects(  # noqa: PLR0913  (what a half is run with)
    source: StreamSource,
    half: Half,
    module: nn.Module,
    layers: Sequence[Layer],
    plan: Plan,
    states: HiddenStates,
    *,
    last: bool,
) -> dict[str, Tensor]:
    """Effects on some layers: each sample's half once forward, then a backward a direction."""
    turn = rotary(source.config, source.windows.tokens.shape[1])
    leaves = [module.get_parameter(x.param.removeprefix(half.prefix)) for x in layers]
    sizes = [len(plan.specs) * layer.parameters for layer in layers]
    rooms = torch.split(plan.room[: sum(sizes)], sizes)
    tables = [
        errors_of(leaf.detach(), plan.specs, layer.channel_axis, room)
        for leaf, layer, room in zip(leaves, layers, rooms, strict=True)
    ]
    # Made before the loop: whatever is kept of it would lie in the gaps that the gradients leave.
    count = len(plan.draw.indices) * plan.directions
    found = {layer.name: torch.empty(count, len(plan.specs)) for layer in layers}
    for row, sample in enumerate(plan.draw.indices):
        x = states.get(state_key(half.number, int(sample))).requires_grad_(last)
        wanted = [*leaves, x] if last else leaves
        with torch.enable_grad():
            y = module(x, *turn)
        for direction in range(plan.directions):
            place = gradient_key(row, direction)
            with torch.enable_grad():
                loss = (y * states.get(place)).sum()
            more = direction + 1 < plan.directions
            gradients = torch.autograd.grad(loss, wanted, retain_graph=more)
            if last:
                states.put(place, gradients[-1])
            for layer, table, gradient in zip(layers, tables, gradients, strict=False):
                place_of_row = found[layer.name][row * plan.directions + direction]
                torch.mv(table, gradient.flatten(), out=place_of_row)
            del gradients, gradient  # as large as the weights; the next come before these would go
    return {name: effects.double() for name, effects in found.items()}
