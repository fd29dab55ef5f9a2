"""What is streamed: a decoder's folder and its text."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import torch

from analysis.layers import Layer
from analysis.workloads.decoder.config import DecoderConfig, read_config
from analysis.workloads.decoder.net import Decoder
from analysis.workloads.decoder.weights import StoredWeights, empty, stored_weights
from analysis.workloads.decoder.windows import TokenWindows
from analysis.workloads.discovery import discover
from analysis.workloads.groups import grouped

BLOCKS = "model.layers."


@dataclass(frozen=True, eq=False)
class StreamSource:
    """A decoder on disk with the token windows of its sweep set."""

    name: str
    windows: TokenWindows

    @cached_property
    def config(self) -> DecoderConfig:
        """Sizes of the decoder."""
        return read_config(self.windows.folder)

    @cached_property
    def weights(self) -> StoredWeights:
        """Its tensors."""
        return stored_weights(self.windows.folder)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The linear layers of the blocks, as they are found when the model is in memory.

        A model without memory is run for its shapes alone. The embedding table and the output
        layer are left out: their gradients are as large as they are.
        """
        model = empty(lambda: Decoder(self.config)).eval()
        with torch.device("meta"):
            probe = torch.zeros(2, self.windows.tokens.shape[1], dtype=torch.int64)
            found, _ = discover(model, probe)
            found = grouped(model, probe, found)
        return tuple(layer for layer in found if layer.name.startswith(BLOCKS))

    @cached_property
    def other_bytes(self) -> int:
        """Everything that stays in float, in bytes of float32."""
        model = empty(lambda: Decoder(self.config))
        everything = sum(parameter.numel() for parameter in model.parameters())
        return 4 * (everything - sum(layer.parameters for layer in self.layers))

    def fingerprint(self) -> str:
        """What `fingerprint_of` gives of the whole model, tensor by tensor."""
        digest = sha256()
        for name, stored in self._named():
            shape = self.weights.shape(stored)
            digest.update(f"{name}|{torch.float32}|{shape}|".encode())
            for _, rows in self.weights.pieces(stored):
                digest.update(rows.reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def _named(self) -> Iterator[tuple[str, str]]:
        """Names in the whole model's state dict and in the folder; a tied tensor comes twice."""
        for name in empty(lambda: Decoder(self.config)).state_dict():
            tied = self.config.tied and name == "lm_head.weight"
            yield name, "model.embed_tokens.weight" if tied else name
