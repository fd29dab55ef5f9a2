"""ONNX: names, layers out of bare products, and reasons where a file cannot be taken."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis.errors import ModelError, UnsupportedFileError
from analysis.workloads.models.onnx_checks import load_checked
from analysis.workloads.models.onnx_file import module_path, read_onnx
from tests.forms import export_onnx, network

onnx: Any = pytest.importorskip("onnx")
pytest.importorskip("onnx.version_converter")


@pytest.mark.parametrize(
    ("weight", "node", "path"),
    [
        ("block.0.weight", "/block/block.0/Conv", "block.0"),
        ("onnx::MatMul_23", "/block/block.0/MatMul", "block.0"),
        ("onnx::Conv_9", "/layer1/layer1.0/conv1/Conv", "layer1.0.conv1"),
        ("W", "Conv_12", ""),
        ("W", "", ""),
    ],
)
def test_the_path_of_a_module_comes_from_the_weight_or_the_node(weight, node, path):
    assert module_path(weight, node) == path


def product(path: Path, *, op: str = "MatMul", name: str = "w", shape=(4, 3), **made: Any) -> Path:
    """One node with one stored matrix."""
    helper = onnx.helper
    values = onnx.numpy_helper.from_array(np.ones(shape, np.float32), name)
    node = helper.make_node(op, ["x", name], ["y"], name="product", **made)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", 1, ["n", shape[0]])],
        [helper.make_tensor_value_info("y", 1, None)],
        [values],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save_model(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))
    return path


def test_a_product_with_a_stored_matrix_is_a_layer(tmp_path):
    model = read_onnx(product(tmp_path / "net.onnx")).model
    assert [type(module).__name__ for module in model.children()] == ["Linear"]
    assert torch.equal(model(torch.ones(2, 4)), torch.full((2, 3), 4.0))


def test_a_file_of_a_newer_opset_is_brought_down(tmp_path):
    net, x = network("words")
    read = read_onnx(export_onnx(net, x, tmp_path / "net.onnx", opset=18))
    with torch.no_grad():
        assert torch.allclose(read.model(x), net(x), atol=1e-6)


def test_an_operator_that_is_not_known_is_named(tmp_path):
    with pytest.raises(ModelError, match="Hardmax of opset 13 is not"):
        read_onnx(product(tmp_path / "net.onnx", op="Hardmax"))


def test_a_quantised_file_is_refused(tmp_path):
    file = product(tmp_path / "net.onnx")
    model = onnx.load(str(file))
    model.graph.node[0].op_type = "DequantizeLinear"
    onnx.save_model(model, str(file))
    with pytest.raises(ModelError, match="quantised already"):
        read_onnx(file)


def changed(tmp_path: Path, change: Any) -> Path:
    file = product(tmp_path / "net.onnx")
    model = onnx.load(str(file))
    change(model)
    onnx.save_model(model, str(file))
    return file


def external(model: Any, location: str, **about: int) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **about}.items():
        tensor.external_data.add(key=key, value=str(value))


def longer(model: Any) -> None:
    model.graph.initializer[0].dims[0] = 10**9


def negative(model: Any) -> None:
    model.graph.initializer[0].dims[0] = -4


def markup(model: Any) -> None:
    model.graph.node[0].name = "<img src=x>"


def leading_out(model: Any) -> None:
    model.graph.node[0].name = "a/../../b"


def nothing(model: Any) -> None:
    del model.graph.node[:]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (longer, "another size than its shape claims"),
        (negative, "impossible shape"),
        (markup, "holds markup or leads out"),
        (leading_out, "holds markup or leads out"),
        (nothing, "has 0 nodes"),
        (lambda m: external(m, "../secret", offset=0, length=48), "outside its own folder"),
        (lambda m: external(m, "/etc/passwd", offset=0, length=48), "outside its own folder"),
        (lambda m: external(m, "link", offset=0, length=48), "outside its own folder"),
        (lambda m: external(m, "weights.bin", offset=0, length=10**9), "another size than"),
        (lambda m: external(m, "weights.bin", offset=40, length=48), "another size than"),
    ],
)
def test_a_file_that_lies_is_refused(tmp_path, change, sentence):
    inner = tmp_path / "model"
    inner.mkdir()
    (tmp_path / "secret").write_bytes(b"s" * 48)
    (inner / "link").symlink_to(tmp_path / "secret")
    (inner / "weights.bin").write_bytes(bytes(48))
    with pytest.raises(UnsupportedFileError, match=sentence):
        load_checked(changed(inner, change))


def test_weights_beside_the_file_are_read(tmp_path):
    (tmp_path / "weights.bin").write_bytes(np.full((4, 3), 2.0, np.float32).tobytes())
    file = changed(tmp_path, lambda m: external(m, "weights.bin", offset=0, length=48))
    assert torch.equal(read_onnx(file).model(torch.ones(1, 4)), torch.full((1, 3), 8.0))


def test_bytes_that_are_no_model_are_refused(tmp_path):
    (tmp_path / "x.onnx").write_bytes(b"\xff" * 100)
    with pytest.raises(UnsupportedFileError, match=r"cannot be parsed|has 0 nodes"):
        load_checked(tmp_path / "x.onnx")
