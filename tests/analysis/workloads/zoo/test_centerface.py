import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from analysis.errors import UnsupportedFileError
from analysis.workloads.zoo import centerface
from analysis.workloads.zoo.columns import write_columns
from analysis.workloads.zoo.faces import BoxIou, FaceFound, best_boxes, overlap
from analysis.workloads.zoo.nets.centerface import CenterFace


def test_the_network_has_63_weights_and_maps_at_a_quarter_of_the_size():
    net = CenterFace().eval()
    weights = [p for n, p in net.named_parameters() if p.dim() == 4]
    assert len(weights) == 63
    with torch.no_grad():
        assert net(torch.zeros(1, 3, 64, 96)).shape == (1, 15, 16, 24)


def maps_with_a_face(y, x, height, width):
    """A peak at a cell, with sizes in cells."""
    maps = torch.zeros(1, 15, 8, 8)
    maps[0, 0, y, x] = 0.9
    maps[0, 1, y, x], maps[0, 2, y, x] = np.log(height), np.log(width)
    return maps


def test_a_box_stands_at_the_peak_in_pixels():
    found = best_boxes(maps_with_a_face(2, 5, 4, 2))
    assert found[0].tolist() == pytest.approx([18, 2, 26, 18])


def test_overlap_is_shared_by_joined_area():
    first, second = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2]])
    assert overlap(first, second).tolist() == pytest.approx([1 / 3])
    assert overlap(first, first + 9).tolist() == [0.0]


def test_a_face_is_found_above_the_threshold():
    maps = torch.cat([maps_with_a_face(1, 1, 2, 2), torch.zeros(1, 15, 8, 8)])
    metric = FaceFound()
    rows = metric.statistics(maps, torch.tensor([1, 1])).numpy()
    assert metric.finish(rows.sum(0)) == 0.5


def test_boxes_are_compared_where_the_float_model_sees_a_face():
    reference = torch.cat([maps_with_a_face(1, 1, 2, 2), torch.zeros(1, 15, 8, 8)])
    metric = BoxIou()
    rows = metric.statistics(reference, reference).numpy()
    assert rows[:, 1].tolist() == [1, 0] and metric.finish(rows.sum(0)) == 1.0


def test_weights_are_copied_from_the_graph_in_order(tmp_path):
    onnx = pytest.importorskip("onnx")
    source, names, nodes, stored = CenterFace().eval(), 0, [], []
    from torch import nn

    for module in source.modules():
        kind = {
            nn.Conv2d: "Conv",
            nn.ConvTranspose2d: "ConvTranspose",
            nn.BatchNorm2d: "BatchNormalization",
        }.get(type(module))
        if kind is None:
            continue
        inputs = ["x"]
        for field in centerface._FIELDS[kind]:
            names += 1
            value = getattr(module, field).detach().numpy()
            stored.append(onnx.numpy_helper.from_array(value, f"w{names}"))
            inputs.append(f"w{names}")
        nodes.append(onnx.helper.make_node(kind, inputs, [f"y{names}"]))
    graph = onnx.helper.make_graph(nodes, "g", [], [], stored)
    copied = CenterFace().eval()
    centerface.copy_weights(copied, onnx.helper.make_model(graph).SerializeToString())
    for name, value in source.state_dict().items():
        assert torch.equal(copied.state_dict()[name], value)
    graph = onnx.helper.make_graph(nodes[:3], "g", [], [], stored)
    with pytest.raises(UnsupportedFileError, match="must have 66 layers"):
        centerface.copy_weights(copied, onnx.helper.make_model(graph).SerializeToString())


def test_parts_hold_every_picture_once(tmp_path):
    parts = centerface.split(np.arange(20.0)[:, None, None] * np.ones((1, 4, 4)) / 20)
    seen = [round(20 * float(p[0, 0])) for c in parts.values() for p in c["image"]]
    assert sorted(seen) == list(range(20))
    for columns in parts.values():
        faces = [bool(20 * p[0, 0] < 9.5) for p in columns["image"]]
        assert columns["face"].tolist() == faces


def test_a_workload_comes_from_the_folder(tmp_path):
    save_file(CenterFace().state_dict(), tmp_path / centerface.WEIGHTS)
    write_columns(tmp_path, centerface.split(np.random.default_rng(0).random((20, 5, 5))))
    workload = centerface.load(tmp_path)
    (images, faces), *_ = workload.evaluation
    assert isinstance(images, torch.Tensor) and images.shape == (10, 3, 128, 128)
    assert faces is not None and images[0, 0, 0, 0] == centerface.GREY
