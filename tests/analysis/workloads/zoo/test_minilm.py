import json
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from analysis.workloads.zoo import minilm
from analysis.workloads.zoo.columns import write_columns
from analysis.workloads.zoo.nets.bert import BertSize, SentenceProbe
from analysis.workloads.zoo.texts import TOKENS, write_texts

TINY = BertSize(vocabulary=20, positions=8, width=12, inner=24, heads=3, layers=2)


def test_padding_changes_nothing():
    net = SentenceProbe(TINY).eval()
    short = torch.tensor([[1, 5, 7]])
    assert torch.allclose(net(short), net(torch.tensor([[1, 5, 7, 0, 0]])), atol=1e-6)


def test_a_block_is_torchs_encoder_layer():
    """The oracle: torch's own post-norm layer with the same weights."""
    net = SentenceProbe(TINY).eval()
    block: Any = net.encoder.layer[0]
    theirs = nn.TransformerEncoderLayer(
        12, 3, 24, dropout=0.0, activation="gelu", layer_norm_eps=1e-12, batch_first=True
    ).eval()
    own = block.attention["self"]
    with torch.no_grad():
        packed = torch.cat([own.query.weight, own.key.weight, own.value.weight])
        theirs.self_attn.in_proj_weight.copy_(packed)
        bias = torch.cat([own.query.bias, own.key.bias, own.value.bias])
        theirs.self_attn.in_proj_bias.copy_(bias)
        pairs = [
            (theirs.self_attn.out_proj, block.attention["output"].dense),
            (theirs.norm1, block.attention["output"].LayerNorm),
            (theirs.linear1, block.intermediate["dense"]),
            (theirs.linear2, block.output.dense),
            (theirs.norm2, block.output.LayerNorm),
        ]
        for to, source in pairs:
            to.load_state_dict(source.state_dict())
        x = torch.randn(2, 5, 12)
        real = torch.ones(2, 5, dtype=torch.bool)
        assert torch.allclose(block(x, real), theirs(x), atol=1e-5)


def test_the_names_are_those_of_the_published_state_dict():
    names = set(SentenceProbe(TINY).state_dict())
    assert "embeddings.word_embeddings.weight" in names
    assert "encoder.layer.1.attention.self.query.weight" in names
    assert "encoder.layer.1.attention.output.LayerNorm.bias" in names
    assert "encoder.layer.0.intermediate.dense.weight" in names


def test_a_mail_is_its_subject_and_text():
    mail = "From: a\nSubject: Hello\nContent-Type: text/html\n\n<p>some\n <b>text</b></p>\n"
    assert minilm.body_of(mail) == "Hello some text"


def test_of_a_mail_in_parts_the_first_is_read():
    mail = (
        'Subject: Two\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n'
        "Content-Type: text/plain\n\nfirst\n--x\nContent-Type: text/plain\n\nsecond\n--x--\n"
    )
    assert minilm.body_of(mail) == "first"


def test_a_probe_learns_what_the_vectors_tell():
    net = SentenceProbe(TINY).eval()
    rows = np.array([[1, 2, 3, 0]] * 10 + [[9, 8, 7, 0]] * 10)
    labels = np.repeat([0, 1], 10)
    minilm.fit_probe(net, rows, labels)
    assert net(torch.from_numpy(rows)).argmax(-1).tolist() == labels.tolist()


def test_a_workload_comes_from_the_folder(tmp_path):
    net = SentenceProbe(BertSize()).eval()
    save_file(net.state_dict(), tmp_path / minilm.WEIGHTS)
    columns = {"tokens": np.ones((2, 4), np.int32), "label": np.array([0, 1])}
    write_columns(tmp_path, dict.fromkeys(("calibration", "sweep", "evaluation"), columns))
    workload = minilm.load(tmp_path)
    (tokens, _), *_ = workload.evaluation
    assert torch.equal(workload.model(tokens), net(tokens))
    assert workload.decode is None
    write_texts(tmp_path, {TOKENS: minilm.vocabulary_of(DEFINITION)})
    decode = minilm.load(tmp_path).decode
    assert decode is not None and decode([2, 3, 1, 1]) == "buying"


DEFINITION = json.dumps({"model": {"vocab": {"##ing": 3, "[PAD]": 1, "buy": 2, "[UNK]": 0}}})
