"""A decoder cut where its hidden states are added to: two halves a block, then the head."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from analysis.layers import Layer
from analysis.sensitivity.streaming.source import BLOCKS, StreamSource
from analysis.workloads.decoder.config import DecoderConfig
from analysis.workloads.decoder.net import Attention, Perceptron, RmsNorm
from analysis.workloads.decoder.weights import empty


class AttentionHalf(nn.Module):
    """The first half of `net.Block`, under the same names."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.input_layernorm = RmsNorm(config.width, config.norm_eps)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """(samples, length, width) to the same."""
        out: Tensor = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return out


class PerceptronHalf(nn.Module):
    """The second half; it needs no positions, and takes them to be called like the first."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.mlp = Perceptron(config)
        self.post_attention_layernorm = RmsNorm(config.width, config.norm_eps)

    def forward(self, x: Tensor, _cos: Tensor, _sin: Tensor) -> Tensor:
        """(samples, length, width) to the same."""
        out: Tensor = x + self.mlp(self.post_attention_layernorm(x))
        return out


Kind = type[AttentionHalf] | type[PerceptronHalf]
KINDS: tuple[tuple[Kind, str], ...] = ((AttentionHalf, "self_attn."), (PerceptronHalf, "mlp."))


@dataclass(frozen=True, slots=True)
class Half:
    """One half, not in memory.

    Attributes:
        number: from 0 at the embedding.
        layers: its linear layers.
    """

    number: int
    prefix: str
    kind: Kind
    layers: tuple[Layer, ...]

    def load(self, source: StreamSource) -> nn.Module:
        """Read its weights."""
        module: nn.Module = empty(lambda: self.kind(source.config)).eval()
        source.weights.fill(module, self.prefix)
        return module


def halves(source: StreamSource) -> Iterator[Half]:
    """All halves, in the order of the forward pass."""
    for block in range(source.config.blocks):
        for place, (kind, part) in enumerate(KINDS):
            prefix = f"{BLOCKS}{block}."
            own = tuple(x for x in source.layers if x.name.startswith(prefix + part))
            yield Half(2 * block + place, prefix, kind, own)
