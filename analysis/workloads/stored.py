"""Networks and data from files of the built-in form: a state dict and an `.npz` archive."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load
from torch import Tensor, nn

from analysis.errors import ModelError
from analysis.workloads.architectures import architecture_form
from analysis.workloads.arrays import read_arrays
from analysis.workloads.checks import check_weights
from analysis.workloads.nets import ARCHITECTURES
from analysis.workloads.safetensors_header import TensorEntry, read_header
from analysis.workloads.samples import Samples, cut_samples
from analysis.workloads.workload import Batch

BATCH_SAMPLES = 256


def read_network(architecture: str, path: Path) -> nn.Module:
    """A built-in network with the weights of a safetensors file, in eval mode.

    Raises:
        UnsupportedFileError: the file is damaged or hostile.
        ModelError: the weights belong to another network, or are not finite.
    """
    form = architecture_form(architecture)
    content = path.read_bytes()
    header = read_header(content)
    model = ARCHITECTURES[form.name]()
    _check_fit(form.name, model.state_dict(), header)
    model.load_state_dict(load(content), strict=False)
    check_weights(model)
    return model.eval()


def _check_fit(
    architecture: str, expected: Mapping[str, Tensor], found: Mapping[str, TensorEntry]
) -> None:
    """Same names, shapes and kinds of number; batch counters, unused in eval mode, may lack."""
    missing = [
        name for name in expected if name not in found and not name.endswith("num_batches_tracked")
    ]
    unexpected = [name for name in found if name not in expected]
    remedy = f"Save the state dict of {architecture}, or choose the architecture it belongs to."
    if missing:
        raise ModelError(
            f"The file must hold all tensors of {architecture}; {len(missing)} are missing, "
            f"the first is {missing[0]}. {remedy}"
        )
    if unexpected:
        raise ModelError(
            f"The file must hold only tensors of {architecture}; {len(unexpected)} are unknown, "
            f"the first is {unexpected[0]}. {remedy}"
        )
    for name, entry in found.items():
        wanted = expected[name]
        if entry.shape != tuple(wanted.shape):
            raise ModelError(
                f"In {architecture} the tensor {name} must have shape {tuple(wanted.shape)}; "
                f"the file has {entry.shape}. {remedy}"
            )
        if wanted.is_floating_point() and "F" not in entry.dtype:
            raise ModelError(
                f"The tensor {name} must be floating-point; the file has {entry.dtype}. "
                "Save the float model, not a quantised one."
            )


def _batches(samples: Samples) -> list[Batch]:
    images = torch.from_numpy(np.array(samples.images))
    inputs = images.float() / 255 if images.dtype == torch.uint8 else images
    target = torch.from_numpy(samples.labels)
    starts = range(0, len(target), BATCH_SAMPLES)
    return [(inputs[at : at + BATCH_SAMPLES], target[at : at + BATCH_SAMPLES]) for at in starts]


def read_parts(architecture: str, path: Path) -> Mapping[str, list[Batch]]:
    """Batches of the calibration, sweep and evaluation parts; images of bytes scaled to [0, 1].

    Raises:
        WorkloadError: the data is damaged or does not fit the architecture.
    """
    parts = cut_samples(read_arrays(path), architecture_form(architecture))
    return {part: _batches(samples) for part, samples in parts.items()}
