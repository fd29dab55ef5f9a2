"""Every form gives the network it was made from, with the user's own layer names."""

from pathlib import Path

import pytest
import torch

from analysis.errors import ModelError
from analysis.workloads.models.form import form_of
from analysis.workloads.models.read import read_model
from analysis.workloads.subject import subject
from analysis.workloads.workload import Workload
from tests.forms import LAYERS, export_onnx, export_program, export_script, network


def made(form: str, name: str, folder: Path):
    net, x = network(name)
    match form:
        case "onnx":
            pytest.importorskip("onnx")
            pytest.importorskip("onnx.version_converter")
            return net, x, export_onnx(net, x, folder / "net.onnx")
        case "exported":
            return net, x, export_program(net, x, folder / "net.pt2")
        case _:
            return net, x, export_script(net, x, folder / "net.pt", traced=form == "traced")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cnn", "words"])
@pytest.mark.parametrize("form", ["onnx", "exported", "traced", "scripted"])
def test_outputs_and_layer_names_are_those_of_the_network(form, name, tmp_path):
    net, x, file = made(form, name, tmp_path)
    read = read_model(form_of(file), file, "", lambda: x)
    with torch.no_grad():
        assert torch.allclose(read.model(x), net(x), atol=1e-6)
    workload = Workload(
        name=name,
        model=read.model,
        calibration=[(x[:8], None)],
        sweep=[(x[8:16], None)],
        evaluation=[(x[16:], None)],
    )
    found = subject(workload)
    assert [layer.name for layer in found.layers] == LAYERS[name]
    assert [layer.param for layer in found.layers] == [f"{n}.weight" for n in LAYERS[name]]
    products = [layer for layer in found.layers if layer.kind != "Embedding"]
    assert all(layer.has_input and layer.macs > 0 for layer in products)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["exported", "traced"])
def test_a_batch_norm_of_an_exported_graph_is_folded(form, tmp_path):
    _, x, file = made(form, "cnn", tmp_path)
    read = read_model(form_of(file), file, "", lambda: x)
    parts = [(x[at : at + 8], None) for at in (0, 8, 16)]
    workload = Workload(
        name="cnn",
        model=read.model,
        calibration=parts[:1],
        sweep=parts[1:2],
        evaluation=parts[2:],
    )
    assert subject(workload).layers[0].folded == "bn"


def test_a_script_that_cannot_be_converted_says_what_can_be_done(tmp_path):
    (tmp_path / "net.torchscript").write_bytes(b"no archive")
    with pytest.raises(ModelError, match="must be built from its description"):
        read_model("torchscript", tmp_path / "net.torchscript", "", lambda: torch.zeros(4, 2))
