"""EfficientNet-Lite0 as a plain module (Tan and Le, arXiv 1905.11946, section 4; the Lite form).

The Lite form has neither squeeze-and-excitation nor swish, and its stem and head are not scaled.
Strided convolutions pad as TensorFlow does: the odd pixel goes to the right and to the bottom.
"""

from collections import OrderedDict
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

STEM, HEAD, CLASSES, EPS = 32, 1280, 1000, 1e-3


@dataclass(frozen=True, slots=True)
class Stage:
    """A run of like blocks; the first has the stride."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    outputs: int


STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


class SameConv2d(nn.Conv2d):
    """A convolution whose output is the input's size divided by the stride, rounded up."""

    def forward(self, input: Tensor) -> Tensor:
        """Pad, then convolve."""
        pads: list[int] = []
        for size, kernel, stride in zip(
            input.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(F.pad(input, pads) if any(pads) else input)


class ConvNorm(nn.Module):
    """Convolution, batch norm and, but for projections, ReLU6."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int, *, groups: int, act: bool
    ) -> None:
        super().__init__()
        self.conv = SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=EPS)
        self.act = nn.ReLU6() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(samples, inputs, h, w) to (samples, outputs, h / stride, w / stride)."""
        out: Tensor = self.act(self.bn(self.conv(x)))
        return out


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; added to the input where the shapes are the same."""

    def __init__(self, inputs: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = inputs * stage.expansion
        parts: OrderedDict[str, nn.Module] = OrderedDict()
        if stage.expansion != 1:
            parts["expand"] = ConvNorm(inputs, wide, 1, 1, groups=1, act=True)
        parts["depthwise"] = ConvNorm(wide, wide, stage.kernel, stride, groups=wide, act=True)
        parts["project"] = ConvNorm(wide, stage.outputs, 1, 1, groups=1, act=False)
        self.body = nn.Sequential(parts)
        self.shortcut = stride == 1 and inputs == stage.outputs

    def forward(self, x: Tensor) -> Tensor:
        """(samples, inputs, h, w) to (samples, outputs, h / stride, w / stride)."""
        y: Tensor = self.body(x)
        return y + x if self.shortcut else y


class EfficientNetLite0(nn.Module):
    """50 weights: a stem, 16 blocks, a head and the classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(3, STEM, 3, 2, groups=1, act=True)
        blocks, width = [], STEM
        for stage in STAGES:
            for number in range(stage.repeats):
                blocks.append(InvertedResidual(width, stage, stage.stride if number == 0 else 1))
                width = stage.outputs
        self.blocks = nn.Sequential(*blocks)
        self.head = ConvNorm(width, HEAD, 1, 1, groups=1, act=True)
        self.classifier = nn.Linear(HEAD, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Images (samples, 3, 224, 224), (value - 127) / 128, to ImageNet logits."""
        x = self.head(self.blocks(self.stem(x)))
        logits: Tensor = self.classifier(x.mean((2, 3)))
        return logits
