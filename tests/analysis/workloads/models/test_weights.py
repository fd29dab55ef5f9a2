import sys

import pytest
import torch
from safetensors.torch import load, save

from analysis.errors import ModelError, UnsupportedFileError, WorkloadError
from analysis.workloads.models.weights import read_weights
from tests.uploads import model_bytes


@pytest.fixture
def weights(tmp_path):
    def write(content: bytes):
        path = tmp_path / "model.safetensors"
        path.write_bytes(content)
        return path

    return write


def test_network_has_the_weights_of_the_file_and_is_in_eval_mode(weights):
    content = model_bytes("digits-cnn")
    model = read_weights(weights(content), "digits-cnn").model
    assert not any(module.training for module in model.modules())
    for name, value in load(content).items():
        assert torch.equal(model.state_dict()[name], value)


def test_half_precision_weights_become_float32(weights):
    half = {name: value.half() for name, value in load(model_bytes("digits-mlp")).items()}
    model = read_weights(weights(save(half)), "digits-mlp").model
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert torch.equal(model.state_dict()["head.weight"], half["head.weight"].float())


def test_batch_counters_may_be_missing(weights):
    state = load(model_bytes("digits-cnn"))
    kept = {name: value for name, value in state.items() if "num_batches" not in name}
    assert len(kept) < len(state)
    read_weights(weights(save(kept)), "digits-cnn")


def test_first_differing_tensor_is_named_with_both_shapes(weights):
    content = model_bytes("digits-mlp", head__weight=torch.zeros(12, 32))
    with pytest.raises(ModelError, match=r"head\.weight must have shape \(10, 32\).*\(12, 32\)"):
        read_weights(weights(content), "digits-mlp")


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(ModelError, match=r"tensors of digits-cnn; \d+ are missing.*conv1\.weight"):
        read_weights(weights(model_bytes("digits-mlp")), "digits-cnn")


def test_unknown_tensor_is_named(weights):
    content = model_bytes("digits-mlp", fc9__weight=torch.zeros(1))
    with pytest.raises(ModelError, match=r"1 are unknown, the first is fc9\.weight"):
        read_weights(weights(content), "digits-mlp")


def test_integer_weights_are_refused(weights):
    content = model_bytes("digits-mlp", head__weight=torch.zeros(10, 32, dtype=torch.int8))
    with pytest.raises(
        ModelError, match=r"head\.weight must be floating-point; the file has torch.int8"
    ):
        read_weights(weights(content), "digits-mlp")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weight_that_is_not_finite_is_named(weights, value):
    bias = torch.zeros(10)
    bias[3] = value
    with pytest.raises(ModelError, match=r"head\.bias holds 1 NaN or infinite value of 10"):
        read_weights(weights(model_bytes("digits-mlp", head__bias=bias)), "digits-mlp")


def test_truncated_file_is_refused(weights):
    with pytest.raises(UnsupportedFileError, match="safetensors"):
        read_weights(weights(model_bytes("digits-mlp")[:-4]), "digits-mlp")


def test_what_torch_save_writes_is_taken_alone_or_in_a_checkpoint(tmp_path):
    state = load(model_bytes("digits-mlp"))
    for name, content in (("a.pt", state), ("b.ckpt", {"epoch": 3, "state_dict": state})):
        torch.save(content, tmp_path / name)
        model = read_weights(tmp_path / name, "digits-mlp").model
        assert torch.equal(model.state_dict()["head.weight"], state["head.weight"])


def test_prefixes_of_parallel_and_compiled_models_are_taken_off(tmp_path):
    state = {f"module.{name}": value for name, value in load(model_bytes("digits-mlp")).items()}
    torch.save(state, tmp_path / "net.pt")
    read_weights(tmp_path / "net.pt", "digits-mlp")


def test_weights_without_an_architecture_ask_for_one(weights):
    with pytest.raises(ModelError, match="name it: --architecture"):
        read_weights(weights(model_bytes()), "")


def test_a_missing_library_is_named_with_its_command(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(
        WorkloadError, match=r"needs timm, which is not installed; run: pip install"
    ):
        read_weights(weights(model_bytes()), "timm:resnet18")
