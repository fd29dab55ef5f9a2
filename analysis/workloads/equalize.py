"""Channels brought to like sizes before quantising, on a copy that computes the same.

Two transformations, both of which divide a channel where it is made and multiply it where it is
used:

- *Equalisation* of two layers with nothing between them but what commutes with a positive factor
  (ReLU, pooling): s = sqrt(r1 / r2), with r1 and r2 the largest weights that make and that use the
  channel, so that both become equal (Nagel et al., arXiv 1906.04721, section 4.1). In chains it is
  repeated until nothing changes.
- *Smoothing* of a normalisation and the linear layers that it feeds:
  s = max |x|^0.5 / max |w|^0.5, which moves half of the size of outlier channels from the
  activation into the weights (SmoothQuant, Xiao et al., arXiv 2211.10438, equation 4).

Which modules follow each other is found by running one batch, as for folding; every change must
leave the outputs as they were, or it is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from analysis.workloads.channels import input_sizes, output_sizes, scale_inputs, scale_outputs
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.links import Link, find_links, is_norm
from analysis.workloads.proof import all_outputs, same_outputs
from analysis.workloads.workload import Batch, Inputs, call_model

ROUNDS = 20
SETTLED = 1e-3
"""Rounds end when no factor differs from 1 by more."""

SHOWN_LINKS = 8

SMOOTHING = 0.5
"""How much of a channel's size moves into the weights."""


def _spread(factor: Tensor, user: nn.Module) -> Tensor:
    """A factor a channel as one an input: flattening gives each channel a run of inputs."""
    return factor.repeat_interleave(len(input_sizes(user)) // len(factor))


def _equalize(model: nn.Module, link: Link) -> float:
    """One step of equalisation; returns by how much the largest factor differs from 1."""
    maker, user = model.get_submodule(link.maker), model.get_submodule(link.users[0])
    first, columns = output_sizes(maker), input_sizes(user)
    second = columns.reshape(len(first), -1).amax(1)
    used = (first > 0) & (second > 0)
    factor = torch.where(used, (first / torch.where(used, second, 1.0)).sqrt(), 1.0)
    scale_outputs(maker, 1 / factor)
    scale_inputs(user, _spread(factor, user))
    return float((factor - 1).abs().max())


def _smooth(model: nn.Module, link: Link, largest: Tensor) -> None:
    """Move half of the size of each channel of a normalisation's output into the weights."""
    norm: Any = model.get_submodule(link.maker)
    users = [model.get_submodule(name) for name in link.users]
    weights = torch.stack([input_sizes(user) for user in users]).amax(0)
    used = (largest > 0) & (weights > 0)
    ratio = largest**SMOOTHING / torch.where(used, weights, 1.0) ** (1 - SMOOTHING)
    factor = torch.where(used, ratio, 1.0)
    with torch.no_grad():
        for parameter in norm.parameters(recurse=False):
            parameter.div_(factor.to(parameter.dtype))
    for user in users:
        scale_inputs(user, factor)


def _largest_outputs(
    model: nn.Module, links: Sequence[Link], batches: Iterable[Batch]
) -> dict[str, Tensor]:
    """Largest magnitude of each channel that the normalisations give, float64."""
    found: dict[str, Tensor] = {}

    def watch(name: str) -> Any:
        def hook(_module: nn.Module, _args: Any, output: Tensor) -> None:
            here = output.detach().double().abs().reshape(-1, output.shape[-1]).amax(0)
            found[name] = torch.maximum(found[name], here) if name in found else here

        return hook

    with temporary_hooks() as handles, torch.no_grad():
        for link in links:
            module = model.get_submodule(link.maker)
            handles.append(module.register_forward_hook(watch(link.maker)))
        for inputs, _ in batches if links else ():
            call_model(model, inputs)
    return found


def _changed(model: nn.Module, links: Sequence[Link], largest: Mapping[str, Tensor]) -> nn.Module:
    copy = deepcopy(model)
    pairs = [link for link in links if link.maker not in largest]
    for link in links:
        if link.maker in largest:
            _smooth(copy, link, largest[link.maker])
    for _ in range(ROUNDS):
        if max((_equalize(copy, link) for link in pairs), default=0.0) < SETTLED:
            break
    return copy


def equalize_channels(
    model: nn.Module, inputs: Inputs, batches: Iterable[Batch]
) -> tuple[nn.Module, tuple[Link, ...]]:
    """A copy with its channels equalised and smoothed, and between which modules.

    Args:
        model: in eval mode, batch norms folded; left as it was.
        inputs: a few samples, to find the links and to prove the copy equal.
        batches: the calibration set, which tells the size of activation channels.

    Returns:
        The copy (equal outputs to 1e-4 of the largest output) and the links; the model itself and
        no links where nothing can be done.
    """
    links = find_links(model, inputs)
    if not links:
        return model, ()
    norms = [link for link in links if is_norm(model.get_submodule(link.maker))]
    largest = _largest_outputs(model, norms, batches)
    reference = all_outputs(model, inputs)
    proven: Sequence[Link] = links
    copy = _changed(model, links, largest)
    if not same_outputs(reference, all_outputs(copy, inputs)):
        proven = [
            link
            for link in links
            if same_outputs(reference, all_outputs(_changed(model, [link], largest), inputs))
        ]
        copy = _changed(model, proven, largest)
    if proven and same_outputs(reference, all_outputs(copy, inputs)):
        return copy, tuple(proven)
    return model, ()


def equalized_note(model: nn.Module, links: Sequence[Link]) -> str:
    """What was equalised and smoothed, in a sentence.

    Args:
        model: as `equalize_channels` gave it.
        links: likewise.
    """
    if not links:
        return (
            "Equalised channels were asked for, and between no two modules of this model can they "
            "be; it is analysed as it was found."
        )
    smooth = [link for link in links if is_norm(model.get_submodule(link.maker))]
    plain = [link for link in links if link not in smooth]
    told = [
        f"{word}: {_named(some)}"
        for word, some in (("equalised", plain), ("smoothed", smooth))
        if some
    ]
    return (
        "Channels were brought to like sizes before anything was quantised, and the float outputs "
        f"stayed as they were ({'; '.join(told)})."
    )


def _named(links: Sequence[Link]) -> str:
    """The first links by the paths of their modules."""
    names = [f"{link.maker} → {', '.join(link.users)}" for link in links[:SHOWN_LINKS]]
    more = len(links) - len(names)
    return "; ".join(names) + (f" and {more} more" if more else "")
