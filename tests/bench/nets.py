"""Five nets of every shape the engine must reach, trained for seconds, with data of their own.

Larger than `tests/nets.py`, and trained, because speed and rank figures of random nets say little:
a sure model has heavy-tailed divergences. The same seed gives the same nets everywhere.
"""

from collections.abc import Callable
from functools import cache

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

import analysis as qs
from analysis.metrics import Perplexity, Top1
from analysis.workloads.workload import Batch, Workload

SWEEP, CALIBRATION, EVALUATION = 1024, 128, 128
SIDE = 16
VOCABULARY, LENGTH = 64, 32


class Block(nn.Module):
    """A residual block of ResNet-20 (He et al., arXiv 1512.03385, section 4.2)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += self.shortcut(x)
        return F.relu(y, inplace=True)


def _resnet20() -> nn.Module:
    stages = [Block(16, 16, 1) for _ in range(3)]
    stages += [Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1)]
    stages += [Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1)]
    stem = [nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True)]
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10))


class Inverted(nn.Module):
    """An inverted residual of MobileNetV2 (Sandler et al., arXiv 1801.04381, section 3.3)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = 4 * inputs
        self.body = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(inplace=True),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.ReLU6(inplace=True),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x) if self.residual else self.body(x)


def _mobilenet() -> nn.Module:
    widths = [(16, 24, 1), (24, 32, 2), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 96, 1)]
    return nn.Sequential(
        *[nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU6(inplace=True)],
        *[Inverted(*width) for width in widths],
        *[nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(96, 10)],
    )


class GptBlock(nn.Module):
    """Pre-norm attention and feed-forward (Radford et al. 2019)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).chunk(3, -1)
        )
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    """A decoder whose head shares the weight of its embedding."""

    def __init__(self, width: int = 64, blocks: int = 4) -> None:
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, width)
        self.positions = nn.Parameter(torch.zeros(LENGTH, width))
        self.blocks = nn.Sequential(*(GptBlock(width, 4) for _ in range(blocks)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, VOCABULARY, bias=False)
        nn.init.normal_(self.head.weight, std=0.1)
        self.tokens.weight = self.head.weight

    def forward(self, tokens: Tensor) -> Tensor:
        return self.head(self.norm(self.blocks(self.tokens(tokens) + self.positions)))


class Encoder(nn.Module):
    """torch's own encoder over the rows of an image; attention weights are used functionally."""

    def __init__(self, width: int = 96, layers: int = 3) -> None:
        super().__init__()
        self.embed = nn.Linear(SIDE, width)
        self.positions = nn.Parameter(torch.zeros(SIDE, width))
        layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, enable_nested_tensor=False)
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.encoder(self.embed(x.squeeze(1)) + self.positions).mean(1))


@cache
def _digits() -> tuple[Tensor, Tensor]:
    """The 1,797 digits at 16 x 16, each twice with noise of its own, shuffled."""
    data = load_digits()
    generator = torch.Generator().manual_seed(0)
    images = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16
    images = F.interpolate(images, (SIDE, SIDE), mode="bilinear").repeat(2, 1, 1, 1)
    images += 0.4 * torch.randn(images.shape, generator=generator)
    order = torch.randperm(len(images), generator=generator)
    return images[order], torch.tensor(data.target).repeat(2)[order]


@cache
def _sentences(count: int = 3072) -> tuple[Tensor, Tensor]:
    """Text of a made-up language: each pair of words allows four next words, some far likelier."""
    generator = torch.Generator().manual_seed(1)
    classes = torch.randint(0, 8, (VOCABULARY,), generator=generator)
    choices = torch.randint(0, VOCABULARY, (8, VOCABULARY, 4), generator=generator)
    likely = torch.tensor([0.85, 0.1, 0.04, 0.01])
    text = torch.randint(0, VOCABULARY, (count, LENGTH + 1), generator=generator)
    for at in range(2, LENGTH + 1):
        pick = torch.multinomial(likely, count, replacement=True, generator=generator)
        text[:, at] = choices[classes[text[:, at - 2]], text[:, at - 1], pick]
    return text[:, :-1], text[:, 1:]


def _train(net: nn.Module, inputs: Tensor, targets: Tensor, epochs: int) -> nn.Module:
    """AdamW on a one-cycle learning rate."""
    batch, rate = 64, 6e-3
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=0.05)
    steps = epochs * (len(inputs) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps)
    generator = torch.Generator().manual_seed(0)
    net.train()
    for _ in range(epochs):
        order = torch.randperm(len(inputs), generator=generator)
        for start in range(0, len(order) - batch + 1, batch):
            index = order[start : start + batch]
            loss = F.cross_entropy(net(inputs[index]).flatten(0, -2), targets[index].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return net.eval()


def _workload(name: str, build: Callable[[], nn.Module], epochs: int) -> Workload:
    text = name == "gpt"
    inputs, targets = _sentences() if text else _digits()
    torch.manual_seed(0)
    kept = [CALIBRATION, SWEEP, EVALUATION]
    cuts = [*kept, len(inputs) - sum(kept)]
    parts: list[Batch] = list(zip(inputs.split(cuts), targets.split(cuts), strict=True))
    rest, labels = parts[3]
    assert isinstance(rest, Tensor)
    assert labels is not None
    return Workload(
        name=name,
        model=_train(build(), rest, labels, epochs),
        calibration=[parts[0]],
        sweep=[parts[1]],
        evaluation=[parts[2]],
        metric=Perplexity() if text else Top1(),
    )


@cache
def bench_workload(name: str) -> Workload:
    """One of the five, trained on its first use."""
    if name == "demo-cnn":
        return qs.load_workload("fashion-mnist")
    return _workload(name, *TRAINED[name])


TRAINED: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "resnet20": (_resnet20, 4),
    "mobilenet": (_mobilenet, 5),
    "gpt": (Gpt, 8),
    "encoder": (Encoder, 10),
}
NETS = ("demo-cnn", *TRAINED)
