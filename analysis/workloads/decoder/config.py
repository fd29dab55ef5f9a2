"""Sizes of a Llama-like decoder, from the `config.json` of its folder; torch-free."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis import serial
from analysis.errors import UnsupportedFileError

FAMILIES = ("llama", "mistral", "smollm3", "qwen2")
_KNOWN_SCALING = (None, {"rope_type": "default"}, {"type": "default"})


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """A decoder of RMS norms, rotary positions and gated perceptrons (arXiv 2302.13971, 2.2).

    Attributes:
        key_heads: heads of keys and values, each shared by as many heads of queries
            (Ainslie et al., arXiv 2305.13245).
        query_bias: whether queries, keys and values have biases (Qwen2).
        tied: whether the embedding table is also the output layer.
    """

    vocabulary: int
    width: int
    inner: int
    blocks: int
    heads: int
    key_heads: int
    rope_theta: float
    norm_eps: float
    tied: bool
    query_bias: bool = False

    @property
    def head_width(self) -> int:
        """Width of one head."""
        return self.width // self.heads


def parse_config(text: str) -> DecoderConfig:
    """Read `config.json` in the form of Hugging Face transformers.

    Raises:
        UnsupportedFileError: the model is of another family or has parts that are not known here.
    """
    body = serial.parse_object(text, UnsupportedFileError, "config.json")
    family = body.get("model_type")
    unknown = [
        name
        for name, wrong in (
            (f"model_type {family!r:.40}", family not in FAMILIES),
            ("rope_scaling", body.get("rope_scaling") not in _KNOWN_SCALING),
            ("sliding windows", bool(body.get("use_sliding_window"))),
            ("attention_bias", bool(body.get("attention_bias"))),
            ("layer types", bool(body.get("no_rope_layers"))),
        )
        if wrong
    ]
    if unknown:
        raise UnsupportedFileError(
            f"A decoder that is streamed must be one of {', '.join(FAMILIES)} with plain rotary "
            f"positions; this one has {', '.join(unknown)}. Sweep it in memory instead."
        )
    return _config(body)


def _config(body: dict[str, Any]) -> DecoderConfig:
    """Field by field; the checks of numbers are pydantic's."""
    rope = body.get("rope_parameters") or {}
    fields = {
        "vocabulary": body.get("vocab_size"),
        "width": body.get("hidden_size"),
        "inner": body.get("intermediate_size"),
        "blocks": body.get("num_hidden_layers"),
        "heads": body.get("num_attention_heads"),
        "key_heads": body.get("num_key_value_heads") or body.get("num_attention_heads"),
        "rope_theta": body.get("rope_theta") or rope.get("rope_theta") or 10_000.0,
        "norm_eps": body.get("rms_norm_eps"),
        "tied": body.get("tie_word_embeddings", False),
        "query_bias": body.get("model_type") == "qwen2",
    }
    return serial.from_plain(DecoderConfig, fields, UnsupportedFileError, "config.json")


def config_document(config: DecoderConfig) -> dict[str, object]:
    """The `config.json` that `parse_config` reads, as transformers writes it."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "vocab_size": config.vocabulary,
        "hidden_size": config.width,
        "intermediate_size": config.inner,
        "num_hidden_layers": config.blocks,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.key_heads,
        "head_dim": config.head_width,
        "rope_theta": config.rope_theta,
        "rms_norm_eps": config.norm_eps,
        "tie_word_embeddings": config.tied,
        "attention_bias": config.query_bias,
    }


def read_config(folder: Path) -> DecoderConfig:
    """The sizes of the decoder in a folder.

    Raises:
        UnsupportedFileError: there is no `config.json`, or it is of another kind of model.
    """
    file = folder / "config.json"
    if not file.is_file():
        raise UnsupportedFileError(
            f"A decoder's folder must hold config.json; {folder.name} does not. Give the folder "
            "that transformers saved."
        )
    return parse_config(file.read_text(encoding="utf-8"))


def write_config(folder: Path, config: DecoderConfig) -> None:
    """Write `config.json`."""
    text = json.dumps(config_document(config), indent=1)
    (folder / "config.json").write_text(text + "\n", encoding="utf-8")
