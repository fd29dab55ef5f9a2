"""Bytes of uploads: good ones to start from, and the tools to spoil them."""

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from analysis.workloads.nets import ARCHITECTURES


def model_bytes(architecture: str = "digits-mlp", **changes: torch.Tensor) -> bytes:
    """An untrained state dict, some tensors exchanged; dots in names are written as __."""
    torch.manual_seed(0)
    state = ARCHITECTURES[architecture]().state_dict()
    state.update({name.replace("__", "."): value for name, value in changes.items()})
    return save(state)


def npz_bytes(**arrays: Any) -> bytes:
    """A compressed archive of these arrays."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def digit_arrays(samples: int = 40, **changes: Any) -> dict[str, Any]:
    """Random 8x8 images `x` and labels `y`, some arrays exchanged."""
    rng = np.random.default_rng(0)
    arrays = {
        "x": rng.integers(0, 256, (samples, 1, 8, 8), dtype=np.uint8),
        "y": rng.integers(0, 10, samples),
    }
    return {**arrays, **changes}


def raw_safetensors(header: Mapping[str, object] | str, data: bytes = b"") -> bytes:
    """A file with this very header."""
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    return len(text).to_bytes(8, "little") + text + data
