from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from analysis.errors import ModelError, UnsupportedFileError
from analysis.workloads.stored import BATCH_SAMPLES, read_network, read_parts
from tests.uploads import digit_arrays, model_bytes, npz_bytes


@pytest.fixture
def weights(tmp_path):
    def write(content: bytes):
        path = tmp_path / "model.safetensors"
        path.write_bytes(content)
        return path

    return write


def test_network_has_the_weights_of_the_file_and_is_in_eval_mode(weights):
    content = model_bytes("digits-cnn")
    model = read_network("digits-cnn", weights(content))
    assert not any(module.training for module in model.modules())
    for name, value in load(content).items():
        assert torch.equal(model.state_dict()[name], value)


def test_half_precision_weights_become_float32(weights):
    half = {name: value.half() for name, value in load(model_bytes("digits-mlp")).items()}
    model = read_network("digits-mlp", weights(save(half)))
    assert {value.dtype for value in model.parameters()} == {torch.float32}
    assert torch.equal(model.state_dict()["head.weight"], half["head.weight"].float())


def test_batch_counters_may_be_missing(weights):
    state = load(model_bytes("digits-cnn"))
    kept = {name: value for name, value in state.items() if "num_batches" not in name}
    assert len(kept) < len(state)
    read_network("digits-cnn", weights(save(kept)))


def test_first_differing_tensor_is_named_with_both_shapes(weights):
    content = model_bytes("digits-mlp", head__weight=torch.zeros(12, 32))
    with pytest.raises(ModelError, match=r"head\.weight must have shape \(10, 32\).*\(12, 32\)"):
        read_network("digits-mlp", weights(content))


def test_weights_of_another_network_are_refused(weights):
    with pytest.raises(ModelError, match=r"tensors of digits-cnn; \d+ are missing.*conv1\.weight"):
        read_network("digits-cnn", weights(model_bytes("digits-mlp")))


def test_unknown_tensor_is_named(weights):
    content = model_bytes("digits-mlp", fc9__weight=torch.zeros(1))
    with pytest.raises(ModelError, match=r"1 are unknown, the first is fc9\.weight"):
        read_network("digits-mlp", weights(content))


def test_integer_weights_are_refused(weights):
    content = model_bytes("digits-mlp", head__weight=torch.zeros(10, 32, dtype=torch.int8))
    with pytest.raises(ModelError, match=r"head\.weight must be floating-point; the file has I8"):
        read_network("digits-mlp", weights(content))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weight_that_is_not_finite_is_named(weights, value):
    bias = torch.zeros(10)
    bias[3] = value
    with pytest.raises(ModelError, match=r"head\.bias holds 1 NaN or infinite value of 10"):
        read_network("digits-mlp", weights(model_bytes("digits-mlp", head__bias=bias)))


def test_truncated_file_is_refused(weights):
    with pytest.raises(UnsupportedFileError, match="safetensors"):
        read_network("digits-mlp", weights(model_bytes("digits-mlp")[:-4]))


def test_bytes_become_0_to_1_and_floats_stay(tmp_path):
    arrays = digit_arrays(40)
    path = tmp_path / "data.npz"

    def first_images(x: Any) -> Any:
        path.write_bytes(npz_bytes(**{**arrays, "x": x}))
        return read_parts("digits-mlp", path)["sweep"][0][0]

    from_bytes = first_images(arrays["x"])
    from_floats = first_images(arrays["x"].astype("float32"))
    assert torch.equal(from_bytes, from_floats / 255)
    assert from_floats.max() > 200


def test_batches_hold_at_most_256_samples_and_integer_targets(tmp_path):
    path = tmp_path / "data.npz"
    path.write_bytes(npz_bytes(**digit_arrays(1200)))
    batches = read_parts("digits-mlp", path)["evaluation"]
    assert [len(inputs) for inputs, _ in batches] == [BATCH_SAMPLES, BATCH_SAMPLES, 88]
    assert all(target is not None and target.dtype == torch.int64 for _, target in batches)
