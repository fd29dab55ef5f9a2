"""Tiny networks of every shape the engine must reach, with random weights, and data for them."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.metrics import Perplexity, Top1
from analysis.workloads.workload import Batch, Workload


class Branched(nn.Module):
    """Convolutions with batch norm, in-place ReLU, a residual add and a shortcut convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8))
        self.main = nn.Sequential(
            nn.Conv2d(8, 12, 3, padding=1, stride=2, bias=False),
            nn.BatchNorm2d(12),
            nn.ReLU(inplace=True),
            nn.Conv2d(12, 12, 3, padding=1, bias=False),
            nn.BatchNorm2d(12),
        )
        self.shortcut = nn.Conv2d(8, 12, 1, stride=2)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.stem(x))
        y = self.main(x)
        y += self.shortcut(x)
        return self.head(self.relu(y).mean((2, 3)))


class Depthwise(nn.Module):
    """Grouped, depthwise, transposed and one-dimensional convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.expand = nn.Conv2d(1, 8, 1)
        self.depth = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.act = nn.ReLU6(inplace=True)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.mix = nn.Conv1d(4, 6, 3, groups=2)
        self.head = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.up(self.act(self.norm(self.depth(self.expand(x)))))
        return self.head(self.mix(x.flatten(2)).mean(-1))


class Gpt(nn.Module):
    """A decoder with a tied head, causal attention by hand, and learned positions."""

    def __init__(self, vocabulary: int = 11, width: int = 16, length: int = 6) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(length, width) * 0.1)
        self.blocks = nn.ModuleList(GptBlock(width) for _ in range(2))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class GptBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm(x)).chunk(3, -1)
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True))
        return x + self.mlp(x)


class Encoder(nn.Module):
    """torch's own transformer encoder: attention weights used functionally."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True, dropout=0.1)
        self.encoder = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(x).mean(1))


class Recurrent(nn.Module):
    """An LSTM, and a linear layer called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(4, 8, batch_first=True)
        self.twice = nn.Linear(8, 8)
        self.head = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.lstm(x)
        return self.head(self.twice(torch.relu(self.twice(y[:, -1]))))


def _images(count: int) -> Tensor:
    return torch.randn(count, 1, 8, 8)


def _sequences(width: int) -> Callable[[int], Tensor]:
    return lambda count: torch.randn(count, 6, width)


def _tokens(count: int) -> Tensor:
    return torch.randint(0, 11, (count, 6))


NETS: dict[str, tuple[Callable[[], nn.Module], Callable[[int], Tensor]]] = {
    "branched": (Branched, _images),
    "depthwise": (Depthwise, _images),
    "gpt": (Gpt, _tokens),
    "encoder": (Encoder, _sequences(16)),
    "recurrent": (Recurrent, _sequences(4)),
}


def _lively(model: nn.Module) -> nn.Module:
    """Batch norms whose statistics are not the identity."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
            nn.init.normal_(module.weight, 1, 0.2)
            nn.init.normal_(module.bias)
    return model.eval()


def make_workload(name: str, *, samples: int = 24, seed: int = 0, fold: bool = True) -> Workload:
    """A tiny workload on random data; targets are made so that some answers are right."""
    torch.manual_seed(seed)
    build, draw = NETS[name]
    model = _lively(build())

    def batches(count: int) -> list[Batch]:
        inputs = draw(count)
        with torch.no_grad():
            answers = model(inputs).argmax(-1)
        half = len(answers) // 2
        answers[half:] = torch.randint(0, 5, answers[half:].shape)
        return [(inputs, answers)]

    return Workload(
        name=name,
        model=model,
        calibration=batches(16),
        sweep=batches(samples),
        evaluation=batches(samples),
        metric=Perplexity() if name == "gpt" else Top1(),
        fold_batch_norm=fold,
        classes=("a", "b", "c", "d", "e"),
    )
