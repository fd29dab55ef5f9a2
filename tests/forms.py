"""Small networks, and the files of every form made from them."""

import warnings
from pathlib import Path

import torch
from torch import Tensor, nn


class Cnn(nn.Module):
    """Convolutions, one depthwise, and a batch norm that can be folded."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.bn = nn.BatchNorm2d(8)
        self.body = nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.ReLU(), nn.Conv2d(8, 16, 1)
        )
        self.fc = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(torch.relu(self.bn(self.conv1(x))))
        logits: Tensor = self.fc(x.mean((2, 3)))
        return logits


class Words(nn.Module):
    """An embedding, products of three axes, and a residual sum."""

    def __init__(self) -> None:
        super().__init__()
        self.emb = nn.Embedding(20, 8)
        self.block = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        rows = self.emb(x)
        logits: Tensor = self.head((self.block(rows) + rows).mean(1))
        return logits


LAYERS = {
    "cnn": ["conv1", "body.0", "body.2", "fc"],
    "words": ["emb", "block.0", "block.2", "head"],
}
"""What the user calls the layers."""


def network(name: str) -> tuple[nn.Module, Tensor]:
    """A network in eval mode and inputs of 24 samples."""
    torch.manual_seed(0)
    if name == "cnn":
        return Cnn().eval(), torch.randn(24, 1, 8, 8)
    return Words().eval(), torch.randint(0, 20, (24, 6))


def export_onnx(net: nn.Module, x: Tensor, path: Path, *, opset: int = 17) -> Path:
    """An ONNX file of any number of samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (x[:2],),
            str(path),
            dynamo=False,
            opset_version=opset,
            input_names=["x"],
            dynamic_axes={"x": {0: "samples"}},
        )
    return path


def export_program(net: nn.Module, x: Tensor, path: Path) -> Path:
    """A `.pt2` file of any number of samples."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(net, (x[:2],), dynamic_shapes=({0: torch.export.Dim.AUTO},))
        torch.export.save(program, path)
    return path


def export_script(net: nn.Module, x: Tensor, path: Path, *, traced: bool) -> Path:
    """A TorchScript archive."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = torch.jit.trace(net, x[:2]) if traced else torch.jit.script(net)
        script.save(str(path))
    return path
