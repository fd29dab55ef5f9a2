import sys
from collections import OrderedDict
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from analysis.errors import ModelError, UnknownWorkloadError, WorkloadError
from analysis.workloads.data.form import Pictures
from analysis.workloads.models.needed import needed
from analysis.workloads.models.weights import read_weights


class FakeTimm(ModuleType):
    """Enough of timm: one network whose classes can be chosen."""

    def is_model(self, name: str) -> bool:
        return name == "tiny"

    def get_pretrained_cfg(self, _name: str) -> SimpleNamespace:
        return SimpleNamespace(
            classifier="fc", input_size=(3, 8, 8), mean=(0.5,) * 3, std=(0.2,) * 3, crop_pct=0.8
        )

    def create_model(self, _name: str, *, pretrained: bool, num_classes: int = 1000) -> nn.Module:
        assert not pretrained
        head = nn.Linear(6, num_classes) if num_classes else nn.Identity()
        return nn.Sequential(OrderedDict(body=nn.Linear(12, 6), fc=head))


@pytest.fixture
def timm(monkeypatch) -> FakeTimm:
    made = FakeTimm("timm")
    monkeypatch.setitem(sys.modules, "timm", made)
    return made


def test_a_network_has_the_classes_of_the_weights_and_its_own_preprocessing(timm, tmp_path):
    net = timm.create_model("tiny", pretrained=False, num_classes=4)
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    read = read_weights(tmp_path / "net.safetensors", "timm:tiny")
    assert read.takes == Pictures((8, 8), shorter_side=10, mean=(0.5,) * 3, std=(0.2,) * 3)
    assert read.scores
    assert torch.equal(read.model.state_dict()["fc.weight"], net.state_dict()["fc.weight"])


def test_weights_without_a_head_give_features(timm, tmp_path):
    net = timm.create_model("tiny", pretrained=False, num_classes=0)
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    read = read_weights(tmp_path / "net.safetensors", "timm:tiny")
    assert read.model(torch.zeros(2, 12)).shape == (2, 6)
    assert not read.scores


def test_other_names_and_other_weights_are_told(timm, tmp_path):
    save_file({"body.weight": torch.zeros(6, 12)}, tmp_path / "net.safetensors")
    with pytest.raises(UnknownWorkloadError, match="none called 'huge'"):
        read_weights(tmp_path / "net.safetensors", "timm:huge")
    with pytest.raises(ModelError, match=r"missing, the first is body\.bias"):
        read_weights(tmp_path / "net.safetensors", "timm:tiny")


def real() -> Any:
    try:
        return needed("timm", "This test")
    except WorkloadError as error:
        pytest.skip(str(error))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mobilenetv3_small_050", "deit_tiny_distilled_patch16_224"])
def test_a_real_network_of_three_classes_computes_what_timm_computes(name, tmp_path):
    torch.manual_seed(0)
    net = real().create_model(name, num_classes=3).eval()
    torch.save(net.state_dict(), tmp_path / "net.pt")
    read = read_weights(tmp_path / "net.pt", f"timm:{name}")
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(read.model(images), net(images))
