"""A state dict and the network it belongs to."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.workloads.checks import check_weights
from analysis.workloads.models.architecture import parse_architecture
from analysis.workloads.models.model import ReadModel
from analysis.workloads.models.networks import skeleton_of
from analysis.workloads.models.skeletons import built
from analysis.workloads.models.state import check_fit, read_state


def read_weights(path: Path, architecture: str) -> ReadModel:
    """The network with the weights of the file.

    The file's names and shapes are compared before memory for the network is taken, so that a
    description of absurd size costs nothing.

    Args:
        path: a safetensors file, or what `torch.save(model.state_dict(), path)` wrote.
        architecture: see `parse_architecture`.

    Raises:
        ModelError: the weights belong to another network, or are not finite.
        WorkloadError: the file is refused, or the architecture cannot be built.
    """
    if not architecture:
        raise ModelError(
            "A file of weights does not say which network it belongs to; name it: "
            "--architecture digits-mlp, timm:NAME, torchvision:NAME, or hf: with the folder of its "
            "config.json."
        )
    known = parse_architecture(architecture)
    state = read_state(path)
    if known.library == "hf":
        from analysis.workloads.models.hugging_face import read_beside

        return read_beside(known.name, state)
    skeleton = skeleton_of(known, state)
    expected = built(f"The network {known.text}", skeleton.expected)
    state = _plain_names(state, expected)
    check_fit(known.text, expected, state)
    model = built(f"The network {known.text}", skeleton.build)
    return ReadModel(filled(model, state), skeleton.takes, skeleton.output, skeleton.scores)


def _plain_names(state: dict[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without the prefix that DataParallel and torch.compile put before every name."""
    for prefix in ("module.", "_orig_mod."):
        if all(name.startswith(prefix) for name in state) and not any(
            name.startswith(prefix) for name in expected
        ):
            state = {name.removeprefix(prefix): value for name, value in state.items()}
    return state


def filled(model: nn.Module, state: Mapping[str, Tensor]) -> nn.Module:
    """The model in float32 and eval mode with these weights, which are finite.

    Raises:
        ModelError: a weight is not finite; named.
    """
    model = model.to(torch.float32)
    model.load_state_dict(state, strict=False)
    check_weights(model)
    return model.eval()
