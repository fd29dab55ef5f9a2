import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from analysis.errors import UnsupportedFileError
from analysis.workloads.decoder.config import write_config
from analysis.workloads.decoder.weights import INDEX, SINGLE, load_decoder, stored_weights
from tests.decoders import TINY, write_decoder


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "own output layer"])
def test_a_loaded_decoder_has_the_stored_weights(tmp_path, tied):
    write_decoder(tmp_path, replace(TINY, tied=tied))
    model, stored = load_decoder(tmp_path), load_file(tmp_path / SINGLE)
    for name, value in stored.items():
        assert torch.equal(model.state_dict()[name], value)
    assert (model.lm_head.weight is model.model.embed_tokens.weight) == tied
    assert not model.training


def test_pieces_put_together_are_the_tensor(tmp_path, monkeypatch):
    write_decoder(tmp_path)
    monkeypatch.setattr("analysis.workloads.decoder.weights.PIECE_BYTES", 7 * 4 * TINY.width)
    stored = stored_weights(tmp_path)
    name = "model.embed_tokens.weight"
    starts, rows = zip(*stored.pieces(name), strict=True)
    assert starts == (0, 7, 14, 21, 28, 35)
    assert torch.equal(torch.cat(rows), stored.get(name))
    assert stored.shape(name) == (TINY.vocabulary, TINY.width)


def test_parts_named_by_an_index_are_one_model(tmp_path):
    write_decoder(tmp_path)
    whole = load_file(tmp_path / SINGLE)
    names = sorted(whole)
    placed: dict[str, str] = {}
    for number, part in enumerate((names[:5], names[5:]), 1):
        file = f"model-{number}.safetensors"
        save_file({name: whole[name].bfloat16() for name in part}, tmp_path / file)
        placed |= dict.fromkeys(part, file)
    (tmp_path / SINGLE).unlink()
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": placed}))
    model = load_decoder(tmp_path)
    found = model.state_dict()["model.norm.weight"]
    assert found.dtype == torch.float32
    assert torch.equal(found, whole["model.norm.weight"].bfloat16().float())


def test_an_index_names_files_of_its_own_folder_alone(tmp_path):
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": {"a": "../secret"}}))
    with pytest.raises(UnsupportedFileError, match="own folder"):
        stored_weights(tmp_path)


def test_missing_files_tensors_and_misfits_are_named(tmp_path):
    with pytest.raises(UnsupportedFileError, match=r"must hold model\.safetensors"):
        stored_weights(tmp_path)
    write_decoder(tmp_path)
    with pytest.raises(UnsupportedFileError, match="must hold the tensor x"):
        stored_weights(tmp_path).get("x")
    write_config(tmp_path, replace(TINY, width=32))
    with pytest.raises(UnsupportedFileError, match="must have the shape"):
        load_decoder(tmp_path)
