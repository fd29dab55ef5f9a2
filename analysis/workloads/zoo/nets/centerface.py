"""CenterFace as a plain module (Xu et al., arXiv 1911.03599): MobileNetV2, a pyramid, four maps.

The published network's batch norms are folded into its convolutions, but for those of the pyramid.
"""

import torch
from torch import Tensor, nn

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
          (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
"""Expansion, channels, blocks and first stride (Sandler et al., arXiv 1801.04381, table 2)."""

TAPS = (2, 5, 12)
"""Blocks whose outputs the pyramid reads, at strides 4, 8 and 16."""

WIDTH, STRIDE, EPS = 24, 4, 1e-3


def _conv(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Module:
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups)


class Inverted(nn.Module):
    """Expand, filter each channel, project."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.expand = _conv(inputs, wide, 1) if expansion != 1 else None
        self.depthwise = _conv(wide, wide, 3, stride, wide)
        self.project = _conv(wide, outputs, 1)
        self.shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """(samples, inputs, h, w) to (samples, outputs, h / stride, w / stride)."""
        y = x if self.expand is None else torch.relu(self.expand(x))
        out: Tensor = self.project(torch.relu(self.depthwise(y)))
        return x + out if self.shortcut else out


class Rise(nn.Module):
    """Twice the size, plus what the backbone saw there."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(WIDTH, WIDTH, 2, 2, bias=False)
        self.bn = nn.BatchNorm2d(WIDTH, eps=EPS)
        self.lateral = _conv(inputs, WIDTH, 1)

    def forward(self, x: Tensor, beside: Tensor) -> Tensor:
        """(samples, 24, h, w) and (samples, inputs, 2h, 2w) to (samples, 24, 2h, 2w)."""
        return torch.relu(self.bn(self.up(x))) + torch.relu(self.lateral(beside))


class CenterFace(nn.Module):
    """63 weights; the maps lie side by side: face, size (2), offset (2), landmarks (10)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(3, 32, 3, 2)
        blocks, width = [], 32
        for expansion, outputs, count, stride in STAGES:
            for number in range(count):
                blocks.append(Inverted(width, outputs, stride if number == 0 else 1, expansion))
                width = outputs
        self.blocks = nn.ModuleList(blocks)
        self.top = _conv(width, WIDTH, 1)
        self.rises = nn.ModuleList([Rise(96), Rise(32), Rise(24)])
        self.shared = _conv(WIDTH, WIDTH, 3)
        self.face = _conv(WIDTH, 1, 1)
        self.size = _conv(WIDTH, 2, 1)
        self.offset = _conv(WIDTH, 2, 1)
        self.landmarks = _conv(WIDTH, 10, 1)

    def forward(self, x: Tensor) -> Tensor:
        """RGB in [0, 255], sides multiples of 32, to maps, (samples, 15, h / 4, w / 4)."""
        x = torch.relu(self.stem(x))
        seen = []
        for number, block in enumerate(self.blocks):
            x = block(x)
            if number in TAPS:
                seen.append(x)
        x = torch.relu(self.top(x))
        for rise, beside in zip(self.rises, reversed(seen), strict=True):
            x = rise(x, beside)
        x = torch.relu(self.shared(x))
        maps = [self.face(x).sigmoid(), self.size(x), self.offset(x), self.landmarks(x)]
        return torch.cat(maps, 1)
