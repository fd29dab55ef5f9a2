"""A state dict out of a file, examined first: names, shapes and numbers, and nothing else."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from analysis.errors import AnalysisError, ModelError, UnsupportedFileError
from analysis.workloads.models.torch_archive import REMEDY, check_archive
from analysis.workloads.safetensors_header import read_header

MAX_STATE_BYTES = 16 * 1024**3
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,200}")
_WRAPPERS = ("state_dict", "model_state_dict", "model", "module")
"""Keys under which training scripts keep the state dict in a checkpoint."""


def read_state(path: Path) -> dict[str, Tensor]:
    """Name to tensor, on the CPU, in the types of the file.

    Raises:
        UnsupportedFileError: the file is damaged, hostile, or holds something else.
    """
    if path.suffix.lower() == ".safetensors":
        read_header(path)
        return _named(_guarded(load_file, path))
    check_archive(path)
    # the archive holds nothing but tensors; torch's own gate stays closed all the same
    loaded = _guarded(lambda file: torch.load(file, map_location="cpu", weights_only=True), path)
    return _named(loaded)


def _guarded(read: Callable[[Path], Any], path: Path) -> Any:
    try:
        return read(path)
    except AnalysisError:
        raise
    except Exception as error:
        raise UnsupportedFileError(
            f"The weights must be readable; reading them fails ({type(error).__name__}). {REMEDY}"
        ) from error


def _named(loaded: Any) -> dict[str, Tensor]:
    """The state dict, taken out of a checkpoint where it stands in one."""
    for key in _WRAPPERS:
        inner = loaded.get(key) if isinstance(loaded, Mapping) else None
        if isinstance(inner, Mapping):
            loaded = inner
    if not isinstance(loaded, Mapping) or not loaded:
        raise UnsupportedFileError(
            f"The file must hold a mapping from names to tensors; it does not. {REMEDY}"
        )
    state: dict[str, Tensor] = {}
    for name, value in loaded.items():
        # a name that was not checked is never quoted: it may hold markup
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise UnsupportedFileError(
                "The names of tensors must be at most 200 letters, digits and _ . : / -; one is "
                f"not. {REMEDY}"
            )
        if not isinstance(value, Tensor) or value.layout is not torch.strided:
            raise UnsupportedFileError(
                f"The file must hold dense tensors only; {name} is something else. {REMEDY}"
            )
        state[name] = value
    return state


def check_fit(what: str, expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Same names, shapes and kinds of number; batch counters, unused in eval mode, may lack.

    Args:
        what: the architecture, for the sentences.
        expected: its state dict; may lie on the meta device.
        found: of the file.

    Raises:
        ModelError: the weights belong to another network.
    """
    missing = [n for n in expected if n not in found and not n.endswith("num_batches_tracked")]
    unexpected = [name for name in found if name not in expected]
    remedy = f"Save the state dict of {what}, or choose the architecture it belongs to."
    if missing:
        raise ModelError(
            f"The file must hold all tensors of {what}; {len(missing)} are missing, the first is "
            f"{missing[0]}. {remedy}"
        )
    if unexpected:
        raise ModelError(
            f"The file must hold only tensors of {what}; {len(unexpected)} are unknown, the first "
            f"is {unexpected[0]}. {remedy}"
        )
    for name, value in found.items():
        wanted = expected[name]
        if value.shape != wanted.shape:
            raise ModelError(
                f"In {what} the tensor {name} must have shape {tuple(wanted.shape)}; the file has "
                f"{tuple(value.shape)}. {remedy}"
            )
        if wanted.is_floating_point() and not value.is_floating_point():
            raise ModelError(
                f"The tensor {name} must be floating-point; the file has {value.dtype}. "
                "Save the float model, not a quantised one."
            )
