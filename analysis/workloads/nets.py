"""The built-in networks: small, plain torch modules that a name builds.

They take images in [0, 1], NCHW, and return one logit a class. `architectures.py` says, without
torch, what goes into each and what comes out.
"""

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with batch norms and a shortcut (He et al., arXiv 1512.03385)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = _named(
                conv=nn.Conv2d(inputs, outputs, 1, stride, bias=False),
                bn=nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """Shape (samples, inputs, h, w) to (samples, outputs, h / stride, w / stride)."""
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        out: Tensor = self.relu(y + self.shortcut(x))
        return out


def _named(**modules: nn.Module) -> nn.Sequential:
    """A chain whose parts have names, so that a heat map reads `stem.conv`, not `stem.0`."""
    return nn.Sequential(OrderedDict(modules))


def fashion_cnn() -> nn.Module:
    """Residual network of the demo: 77,754 parameters, 10 layers with weights, 9.3 M MACs."""
    return _named(
        stem=_named(
            conv=nn.Conv2d(1, 16, 3, padding=1, bias=False),
            bn=nn.BatchNorm2d(16),
            relu=nn.ReLU(inplace=True),
        ),
        stage1=ResidualBlock(16, 16, 1),
        stage2=ResidualBlock(16, 32, 2),
        stage3=ResidualBlock(32, 64, 2),
        pool=nn.AdaptiveAvgPool2d(1),
        flatten=nn.Flatten(),
        head=nn.Linear(64, 10),
    )


def digits_cnn() -> nn.Module:
    """Three 3x3 convolutions with batch norms for 8x8 images, 19,254 parameters."""
    return _named(
        conv1=nn.Conv2d(1, 20, 3, padding=1, bias=False),
        bn1=nn.BatchNorm2d(20),
        relu1=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(20, 32, 3, padding=1, bias=False),
        bn2=nn.BatchNorm2d(32),
        relu2=nn.ReLU(inplace=True),
        pool2=nn.MaxPool2d(2),
        conv3=nn.Conv2d(32, 40, 3, padding=1, bias=False),
        bn3=nn.BatchNorm2d(40),
        relu3=nn.ReLU(inplace=True),
        pool3=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        head=nn.Linear(160, 10),
    )


def digits_mlp() -> nn.Module:
    """64-64-32-10 perceptron for 8x8 images, 6,570 parameters."""
    return _named(
        flatten=nn.Flatten(),
        fc1=nn.Linear(64, 64),
        relu1=nn.ReLU(inplace=True),
        fc2=nn.Linear(64, 32),
        relu2=nn.ReLU(inplace=True),
        head=nn.Linear(32, 10),
    )


def lenet5() -> nn.Module:
    """LeNet-5 (LeCun et al. 1998) with ReLU and max pooling for 28x28 images, 61,706 parameters."""
    return _named(
        conv1=nn.Conv2d(1, 6, 5, padding=2),
        relu1=nn.ReLU(inplace=True),
        pool1=nn.MaxPool2d(2),
        conv2=nn.Conv2d(6, 16, 5),
        relu2=nn.ReLU(inplace=True),
        pool2=nn.MaxPool2d(2),
        flatten=nn.Flatten(),
        fc1=nn.Linear(400, 120),
        relu3=nn.ReLU(inplace=True),
        fc2=nn.Linear(120, 84),
        relu4=nn.ReLU(inplace=True),
        head=nn.Linear(84, 10),
    )


ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {
    "fashion-cnn": fashion_cnn,
    "digits-cnn": digits_cnn,
    "digits-mlp": digits_mlp,
    "lenet-5": lenet5,
}
