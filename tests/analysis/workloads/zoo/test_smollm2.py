import numpy as np
import pytest
import torch

from analysis.errors import OptionError
from analysis.workloads.decoder.net import Decoder
from analysis.workloads.zoo import smollm2
from analysis.workloads.zoo.columns import write_columns
from analysis.workloads.zoo.entries import zoo_windows
from analysis.workloads.zoo.texts import TOKENS, write_texts
from tests.decoders import TINY, write_decoder


def test_stored_names_become_those_of_transformers():
    ours = set(Decoder(TINY).state_dict())
    parts = ("attn_norm", "ffn_norm", "attn_q", "attn_k", "attn_v", "attn_output")
    theirs = ["token_embd.weight", "output_norm.weight", "output.weight"]
    theirs += [f"blk.{n}.{part}.weight" for n in range(TINY.blocks) for part in parts]
    theirs += [
        f"blk.{n}.{part}.weight"
        for n in range(TINY.blocks)
        for part in ("ffn_gate", "ffn_up", "ffn_down")
    ]
    assert {smollm2.renamed(name) for name in theirs} == ours


def test_the_permutation_of_the_converter_is_undone():
    """llama.cpp's convert_hf_to_gguf: reshape (heads, 2, half), swap, reshape."""
    weight = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    heads = 3
    stored = weight.reshape(heads, 2, 12 // heads // 2, 5).swapaxes(1, 2).reshape(12, 5)
    assert np.array_equal(smollm2.halves_from_pairs(stored, heads), weight)


def test_tagged_words_become_prose():
    tagged = "\n\n\tThe/at jury/nn said/vbd ``/`` no/at evidence/nn ''/'' (/( was/bedz )/) "
    tagged += "found/vbn ,/, ./.\n"
    assert smollm2.prose(tagged) == 'The jury said "no evidence" (was) found,.'


def test_windows_of_the_parts_come_from_different_documents():
    documents = [f"{number}" for number in range(200)]
    parts = smollm2.windows(documents, lambda text: [int(text)] * 200)
    seen = [set(columns["tokens"][:, 0].tolist()) for columns in parts.values()]
    assert [len(part) for part in seen] == list(smollm2.WINDOWS.values())
    assert len(set.union(*seen)) == sum(smollm2.WINDOWS.values())


def test_short_documents_are_left_out():
    documents = ["1"] * 100 + ["2"] * 100
    parts = smollm2.windows(documents, lambda text: [int(text)] * (200 if text == "2" else 5))
    assert all((columns["tokens"] == 2).all() for columns in parts.values())


def test_a_workload_predicts_the_token_that_follows(tmp_path):
    write_decoder(tmp_path)
    tokens = np.arange(24, dtype=np.int32).reshape(4, 6)
    write_columns(tmp_path, {part: {"tokens": tokens} for part in smollm2.WINDOWS})
    workload = smollm2.load(tmp_path)
    (inputs, targets), *_ = workload.evaluation
    assert isinstance(inputs, torch.Tensor) and targets is not None
    assert inputs[0].tolist() == [0, 1, 2, 3, 4] and targets[0].tolist() == [1, 2, 3, 4, 5]
    assert workload.model(inputs).shape == (4, 5, TINY.vocabulary)
    windows = smollm2.streamed(tmp_path)
    assert torch.equal(windows.tokens, inputs) and windows.folder == tmp_path


def test_tokens_are_read_by_the_vocabulary_beside_the_weights(tmp_path):
    write_decoder(tmp_path)
    tokens = np.arange(24, dtype=np.int32).reshape(4, 6)
    write_columns(tmp_path, {part: {"tokens": tokens} for part in smollm2.WINDOWS})
    assert smollm2.load(tmp_path).decode is None
    write_texts(tmp_path, {TOKENS: ["Ġthe", "Ġcat", "s", *map(str, range(37))]})
    decode = smollm2.load(tmp_path).decode
    assert decode is not None and decode([0, 1, 2]) == " the cats"


def test_only_language_models_are_streamed():
    with pytest.raises(OptionError, match="Leave out --stream"):
        zoo_windows("silero-vad")
