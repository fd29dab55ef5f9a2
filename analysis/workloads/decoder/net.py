"""The decoder as plain modules under the names of transformers' LlamaForCausalLM.

Touvron et al., arXiv 2302.13971, section 2.2: RMS norms before each half of a block, rotary
positions, a perceptron gated by SiLU.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.workloads.decoder.config import DecoderConfig


class RmsNorm(nn.Module):
    """x / rms(x) times a weight (Zhang and Sennrich, arXiv 1910.07467)."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """(…, width) to the same."""
        return self.weight * (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps))


def rotary(config: DecoderConfig, length: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (length, head width) (Su et al., arXiv 2104.09864, equation 34)."""
    exponent = torch.arange(0, config.head_width, 2).float() / config.head_width
    angles = torch.outer(torch.arange(length).float(), config.rope_theta**-exponent)
    twice = torch.cat([angles, angles], -1)
    return twice.cos(), twice.sin()


def _turned(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat([-right, left], -1) * sin


class Attention(nn.Module):
    """Causal attention; several heads of queries share one of keys and values."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width, narrow = config.width, config.key_heads * config.head_width
        self.head_width, self.shared = config.head_width, config.heads // config.key_heads
        self.q_proj = nn.Linear(width, width, bias=config.query_bias)
        self.k_proj = nn.Linear(width, narrow, bias=config.query_bias)
        self.v_proj = nn.Linear(width, narrow, bias=config.query_bias)
        self.o_proj = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """(samples, length, width) to the same."""
        query, key, value = (
            part(x).unflatten(-1, (-1, self.head_width)).transpose(1, 2)
            for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        query, key = _turned(query, cos, sin), _turned(key, cos, sin)
        key, value = (part.repeat_interleave(self.shared, 1) for part in (key, value))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        out: Tensor = self.o_proj(mixed.transpose(1, 2).flatten(2))
        return out


class Perceptron(nn.Module):
    """down(silu(gate(x)) * up(x)) (Shazeer, arXiv 2002.05202)."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.width, config.inner, bias=False)
        self.up_proj = nn.Linear(config.width, config.inner, bias=False)
        self.down_proj = nn.Linear(config.inner, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(…, width) to the same."""
        out: Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Block(nn.Module):
    """Attention and perceptron, each added to what it was given."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = Perceptron(config)
        self.input_layernorm = RmsNorm(config.width, config.norm_eps)
        self.post_attention_layernorm = RmsNorm(config.width, config.norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """(samples, length, width) to the same."""
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


class Trunk(nn.Module):
    """Embedding, blocks and the last norm."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocabulary, config.width)
        self.layers = nn.ModuleList([Block(config) for _ in range(config.blocks)])
        self.norm = RmsNorm(config.width, config.norm_eps)

    def forward(self, tokens: Tensor) -> Tensor:
        """(samples, length) token numbers to (samples, length, width)."""
        cos, sin = rotary(self.config, tokens.shape[1])
        x = self.embed_tokens(tokens)
        for block in self.layers:
            x = block(x, cos, sin)
        out: Tensor = self.norm(x)
        return out


class Decoder(nn.Module):
    """A causal language model."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.model = Trunk(config)
        self.lm_head = nn.Linear(config.width, config.vocabulary, bias=False)
        if config.tied:
            self.lm_head.weight = self.model.embed_tokens.weight

    def forward(self, tokens: Tensor) -> Tensor:
        """(samples, length) token numbers to next-token logits, (samples, length, vocabulary)."""
        logits: Tensor = self.lm_head(self.model(tokens))
        return logits
