"""A tiny language model as a GGUF file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

VOCABULARY, HIDDEN, HEADS, KEY_HEADS, WIDE = 64, 32, 4, 2, 48


def write_gguf(path: Path, kind: str = "F32") -> Path:
    """Random weights of one block of the llama family, with a byte tokenizer.

    Matrices whose rows fill blocks of 32 are stored as `kind`.
    """
    gguf: Any = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(str(path), "llama")
    _describe(writer)
    rng = np.random.default_rng(0)
    small = HIDDEN * KEY_HEADS // HEADS
    shapes = {
        "token_embd": (VOCABULARY, HIDDEN),
        "output": (VOCABULARY, HIDDEN),
        "blk.0.attn_q": (HIDDEN, HIDDEN),
        "blk.0.attn_k": (small, HIDDEN),
        "blk.0.attn_v": (small, HIDDEN),
        "blk.0.attn_output": (HIDDEN, HIDDEN),
        "blk.0.ffn_gate": (WIDE, HIDDEN),
        "blk.0.ffn_up": (WIDE, HIDDEN),
        "blk.0.ffn_down": (HIDDEN, WIDE),
    }
    for name, shape in shapes.items():
        values = (rng.standard_normal(shape) * 0.1).astype(np.float32)
        stored = gguf.GGMLQuantizationType[kind if shape[1] % 32 == 0 else "F32"]
        content = gguf.quants.quantize(values, stored)
        writer.add_tensor(f"{name}.weight", content, raw_dtype=stored)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(HIDDEN, np.float32))
    for write in (
        "write_header_to_file",
        "write_kv_data_to_file",
        "write_tensors_to_file",
        "close",
    ):
        getattr(writer, write)()
    return path


def _describe(writer: Any) -> None:
    writer.add_context_length(48)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(1)
    writer.add_feed_forward_length(WIDE)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(HIDDEN // HEADS)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("llama")
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(VOCABULARY - 3))]
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * VOCABULARY)
    writer.add_token_types([2, 3, 3, *[6] * (VOCABULARY - 3)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
