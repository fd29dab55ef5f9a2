"""A tiny Llama-like decoder with random weights, in a folder."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from analysis.workloads.decoder.config import DecoderConfig, write_config
from analysis.workloads.decoder.net import Decoder
from analysis.workloads.decoder.weights import SINGLE

TINY = DecoderConfig(
    vocabulary=40,
    width=16,
    inner=24,
    blocks=3,
    heads=4,
    key_heads=2,
    rope_theta=10_000.0,
    norm_eps=1e-5,
    tied=True,
)


def write_decoder(folder: Path, config: DecoderConfig = TINY, *, spread: float = 0.3) -> None:
    """Write ``config.json`` and weights of normal random numbers."""
    torch.manual_seed(0)
    model = Decoder(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=spread)
        else:
            torch.nn.init.normal_(parameter, mean=1.0, std=0.1)
    state = {
        name: value
        for name, value in model.state_dict().items()
        if not (config.tied and name == "lm_head.weight")
    }
    write_config(folder, config)
    save_file(state, folder / SINGLE)
