import sys
from collections import OrderedDict
from collections.abc import Callable
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from analysis.errors import ModelError, UnknownWorkloadError, WorkloadError
from analysis.workloads.data.form import Pictures
from analysis.workloads.models.needed import needed
from analysis.workloads.models.weights import read_weights

BACKBONE = object()
"""What torchvision would fetch."""


def classifier(*, weights: object, num_classes: int = 10) -> nn.Module:
    assert weights is None
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 3), fc=nn.Linear(4, num_classes)))


class Segmenter(nn.Module):
    def __init__(self, classes: int, second: bool) -> None:
        super().__init__()
        self.classifier = nn.Conv2d(3, classes, 1)
        self.aux_classifier = nn.Conv2d(3, classes, 1) if second else None

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        aux = {} if self.aux_classifier is None else {"aux": self.aux_classifier(x)}
        return {**aux, "out": self.classifier(x)}


def segmenter(
    *,
    weights: object,
    num_classes: int = 21,
    aux_loss: bool | None = None,
    weights_backbone: object = BACKBONE,
) -> nn.Module:
    assert weights is weights_backbone is None
    return Segmenter(num_classes, bool(aux_loss))


class Detector(nn.Module):
    """A transform, a backbone and a head as torchvision names them; its own forward suppresses."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.transform = _Resize()
        self.backbone = nn.Conv2d(3, 4, 1)
        self.head = _Head(classes)

    def forward(self, images: Tensor) -> list[dict[str, Tensor]]:
        raise AssertionError("boxes of differing number")


class _Resize(nn.Module):
    fixed_size: tuple[int, int] | None = None
    min_size = (32, 48)

    def forward(self, images: Tensor) -> tuple[SimpleNamespace, None]:
        return SimpleNamespace(tensors=images * 2), None


class _Head(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.scores = nn.Conv2d(4, classes, 1)

    def forward(self, features: list[Tensor]) -> dict[str, Tensor]:
        return {"cls_logits": self.scores(features[0]).flatten(1)}


def detector(*, weights: None, num_classes: int = 91, weights_backbone: object = BACKBONE) -> Any:
    assert weights_backbone is None
    return Detector(num_classes)


def two_stages(*, weights: None, num_classes: int = 91, weights_backbone: object = BACKBONE) -> Any:
    made = Detector(num_classes)
    made.roi_heads = nn.Identity()
    return made


segmenter.__module__ = "torchvision.models.segmentation.tiny"
detector.__module__ = two_stages.__module__ = "torchvision.models.detection.tiny"
BUILDERS: dict[str, Callable[..., nn.Module]] = {
    "tiny": classifier,
    "tiny_seg": segmenter,
    "tiny_det": detector,
    "tiny_rcnn": two_stages,
}
WEIGHTS = SimpleNamespace(
    transforms=lambda: SimpleNamespace(
        crop_size=[16], resize_size=[20], mean=[0.5] * 3, std=[0.2] * 3
    )
)


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Save a network and read it again as one of torchvision."""
    models = SimpleNamespace(
        list_models=lambda: list(BUILDERS),
        get_model_builder=BUILDERS.__getitem__,
        get_model_weights=lambda name: [WEIGHTS] if name == "tiny" else [],
    )
    monkeypatch.setitem(sys.modules, "torchvision", SimpleNamespace(models=models))

    def saved(name: str, net: nn.Module) -> Any:
        torch.save(net.state_dict(), tmp_path / "net.pt")
        return read_weights(tmp_path / "net.pt", f"torchvision:{name}")

    return saved


def test_a_classifier_has_the_classes_of_the_weights_and_its_own_preprocessing(read):
    net = classifier(weights=None, num_classes=7)
    found = read("tiny", net)
    assert torch.equal(found.model.state_dict()["fc.weight"], net.state_dict()["fc.weight"])
    assert found.takes == Pictures((16, 16), shorter_side=20, mean=(0.5,) * 3, std=(0.2,) * 3)
    with pytest.raises(UnknownWorkloadError, match="none called 'huge'"):
        read("huge", net)


@pytest.mark.parametrize("second", [False, True], ids=["one head", "two heads"])
def test_a_segmentation_net_is_judged_by_its_main_head_and_fetches_nothing(read, second):
    net = Segmenter(5, second)
    found = read("tiny_seg", net)
    images = torch.randn(2, 3, 4, 4)
    assert torch.equal(found.output(found.model(images)), net.classifier(images))
    assert (found.model.aux_classifier is not None) is second


def test_a_detector_gives_what_its_heads_give_and_so_do_copies_of_it(read):
    found = read("tiny_det", Detector(5))
    images = torch.randn(2, 3, 4, 4)
    whole = found.model(images)["cls_logits"]
    assert whole.shape == (2, 5 * 16)
    assert torch.equal(whole, found.model.head([found.model.backbone(images * 2)])["cls_logits"])
    copied = deepcopy(found.model)
    nn.init.zeros_(copied.head.scores.weight)
    assert not torch.equal(copied(images)["cls_logits"], whole)
    assert torch.equal(found.model(images)["cls_logits"], whole)
    assert found.takes == Pictures((48, 48))
    assert not found.scores


def test_a_detector_of_two_stages_is_one_sentence(read):
    with pytest.raises(ModelError, match=r"same number of values.*tiny_rcnn chooses boxes"):
        read("tiny_rcnn", Detector(5))


def real() -> Any:
    try:
        return needed("torchvision", "This test").models
    except WorkloadError as error:
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "side"),
    [
        ("mobilenet_v3_small", {}, 224),
        ("efficientnet_b1", {}, 240),
        ("regnet_y_400mf", {}, 224),
        ("googlenet", {"aux_logits": False, "init_weights": False}, 224),
        ("lraspp_mobilenet_v3_large", {"weights_backbone": None}, 520),
        ("ssdlite320_mobilenet_v3_large", {"weights_backbone": None}, 320),
    ],
)
def test_real_networks_of_four_classes_are_read(name, options, side, tmp_path):
    net = real().get_model(name, weights=None, num_classes=4, **options)
    torch.save(net.state_dict(), tmp_path / "net.pt")
    read = read_weights(tmp_path / "net.pt", f"torchvision:{name}")
    assert isinstance(read.takes, Pictures)
    assert read.takes.size == (side, side)
    assert read.model.state_dict().keys() == net.state_dict().keys()
