"""Libraries that are imported only when a model needs them; missing ones are one sentence."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from analysis.errors import WorkloadError

ONNX2TORCH = "pip install 'quantscope[onnx]' and then: pip install --no-deps onnx2torch==1.5.15"
"""Two commands: its own requirements would bring torchvision, and with it another torch."""

INSTALL = {
    "transformers": "pip install 'quantscope[hf]'",
    "gguf": "pip install 'quantscope[hf]'",
    "accelerate": "pip install 'quantscope[hf]'",
    "onnx": ONNX2TORCH,
    "onnx2torch": ONNX2TORCH,
    "timm": "pip install --no-deps timm",
    "torchvision": "pip install --no-deps torchvision==0.28.0 (for torch 2.13)",
}
"""Without its requirements where they would bring another torch."""

_USERS = ("timm", "torchvision", "transformers")
"""Libraries that import torchvision; the last does so where it is there."""

_OPERATORS = ("nms", "qnms")
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def needed(name: str, purpose: str) -> Any:
    """Import a library.

    Args:
        name: of the library, a key of `INSTALL`.
        purpose: what it is needed for, to begin the sentence with.

    Raises:
        WorkloadError: it is not installed, or cannot be imported beside this torch.
    """
    if name in _USERS and "torchvision" not in sys.modules:
        _let_torchvision_load()
    try:
        return importlib.import_module(name)
    except (RuntimeError, OSError) as error:
        first = (str(error).strip().splitlines() or ["no message"])[0]
        raise WorkloadError(
            f"{purpose} needs {name}, which fails beside torch {torch.__version__}: {first:.200}; "
            f"install what was made for this torch."
        ) from error
    except ImportError as error:
        lacking = (error.name or name).partition(".")[0]
        raise WorkloadError(
            f"{purpose} needs {name}, which "
            + (
                "is not installed"
                if lacking == name
                else f"cannot be imported here ({lacking} is missing)"
            )
            + f"; run: {INSTALL.get(lacking, INSTALL[name])}"
        ) from error


def _let_torchvision_load() -> None:
    """Declare two operators where torchvision's compiled part does not load.

    Its wheels are built for torch with CUDA. Beside a torch for CPUs the compiled part is left out,
    and then the import ends where those two are described (torchvision 0.28). Networks run without
    them, all but detectors.
    """
    found = find_spec("torchvision")
    compiled = Path(found.origin).with_name("_C.so") if found and found.origin else None
    if compiled is None or not compiled.is_file():
        return
    try:
        torch.ops.load_library(str(compiled))  # type: ignore[no-untyped-call]
    except OSError:
        _declared()


@cache
def _declared() -> torch.library.Library:
    """The operators' names, there as long as the library is."""
    library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in _OPERATORS:
        library.define(name + _SCHEMA)  # type: ignore[no-untyped-call]
    return library


@contextmanager
def standing_in(name: str, **parts: object) -> Iterator[None]:
    """A module of that name with these attributes, for imports that ask for more than they use.

    Gone afterwards; where the real one was imported already, nothing is done.
    """
    if name in sys.modules:
        yield
        return
    names = [name, *(f"{name}.{part}" for part in parts)]
    for each in names:
        sys.modules[each] = ModuleType(each)
    for part, content in parts.items():
        module = sys.modules[f"{name}.{part}"]
        setattr(sys.modules[name], part, module)
        vars(module).update(dict(content) if isinstance(content, dict) else {})
    try:
        yield
    finally:
        for each in names:
            del sys.modules[each]
