"""A sentence encoder with a linear probe, under the names of the published state dict.

Devlin et al., arXiv 1810.04805, section 3; Reimers and Gurevych, arXiv 1908.10084, section 3.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PADDING = 0
EPS = 1e-12


@dataclass(frozen=True, slots=True)
class BertSize:
    """Sizes of an encoder; the defaults are those of MiniLM-L6."""

    vocabulary: int = 30_522
    positions: int = 512
    width: int = 384
    inner: int = 1536
    heads: int = 12
    layers: int = 6


class Embeddings(nn.Module):
    """Word, position and segment; one segment here."""

    def __init__(self, size: BertSize) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(size.vocabulary, size.width)
        self.position_embeddings = nn.Embedding(size.positions, size.width)
        self.token_type_embeddings = nn.Embedding(2, size.width)
        self.LayerNorm = nn.LayerNorm(size.width, eps=EPS)

    def forward(self, tokens: Tensor) -> Tensor:
        """(samples, length) to (samples, length, width)."""
        places = torch.arange(tokens.shape[1]).expand_as(tokens)
        summed = self.word_embeddings(tokens) + self.position_embeddings(places)
        out: Tensor = self.LayerNorm(summed + self.token_type_embeddings(torch.zeros_like(tokens)))
        return out


class SelfAttention(nn.Module):
    """Scaled dot products over the tokens that are no padding."""

    def __init__(self, size: BertSize) -> None:
        super().__init__()
        self.heads = size.heads
        self.query = nn.Linear(size.width, size.width)
        self.key = nn.Linear(size.width, size.width)
        self.value = nn.Linear(size.width, size.width)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(samples, length, width) to the same; `real`: (samples, length), no padding."""
        query, key, value = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        mixed = F.scaled_dot_product_attention(query, key, value, real[:, None, None, :])
        return mixed.transpose(1, 2).flatten(2)


class Added(nn.Module):
    """A linear layer whose output is added to a residual and normalised."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)
        self.LayerNorm = nn.LayerNorm(outputs, eps=EPS)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        """(…, inputs) and (…, outputs) to (…, outputs)."""
        out: Tensor = self.LayerNorm(self.dense(x) + residual)
        return out


class Block(nn.Module):
    """Attention and a two-layer perceptron, each normalised after its residual add."""

    def __init__(self, size: BertSize) -> None:
        super().__init__()
        self.attention = nn.ModuleDict(
            {"self": SelfAttention(size), "output": Added(size.width, size.width)}
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(size.width, size.inner)})
        self.output = Added(size.inner, size.width)

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(samples, length, width) to the same."""
        x = self.attention["output"](self.attention["self"](x, real), x)
        out: Tensor = self.output(F.gelu(self.intermediate["dense"](x)), x)
        return out


class Encoder(nn.Module):
    """The blocks, one after the other."""

    def __init__(self, size: BertSize) -> None:
        super().__init__()
        self.layer = nn.ModuleList([Block(size) for _ in range(size.layers)])

    def forward(self, x: Tensor, real: Tensor) -> Tensor:
        """(samples, length, width) to the same."""
        for block in self.layer:
            x = block(x, real)
        return x


class SentenceProbe(nn.Module):
    """Mean of the token states, brought to length one, and a linear probe on it."""

    def __init__(self, size: BertSize | None = None, classes: int = 2) -> None:
        super().__init__()
        size = size or BertSize()
        self.embeddings = Embeddings(size)
        self.encoder = Encoder(size)
        self.probe = nn.Linear(size.width, classes)

    def embed(self, tokens: Tensor) -> Tensor:
        """Token numbers padded with 0, (samples, length), to sentence vectors of length one."""
        real = tokens != PADDING
        x = self.encoder(self.embeddings(tokens), real)
        weights = real.unsqueeze(-1).to(x.dtype)
        return F.normalize((x * weights).sum(1) / weights.sum(1), dim=-1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Token numbers, (samples, length), to logits, (samples, classes)."""
        logits: Tensor = self.probe(self.embed(tokens))
        return logits
