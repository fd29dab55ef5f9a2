"""Libraries that are imported only when a model needs them; missing ones are one sentence."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from analysis.errors import WorkloadError

ONNX2TORCH = "pip install 'quantscope[onnx]' and then: pip install --no-deps onnx2torch==1.5.15"
"""Two commands: its own requirements would bring torchvision, and with it another torch."""

INSTALL = {
    "transformers": "pip install 'quantscope[hf]'",
    "gguf": "pip install 'quantscope[hf]'",
    "accelerate": "pip install 'quantscope[hf]'",
    "onnx": ONNX2TORCH,
    "onnx2torch": ONNX2TORCH,
    "timm": "pip install timm",
    "torchvision": "pip install torchvision",
}


def needed(name: str, purpose: str) -> Any:
    """Import a library.

    Args:
        name: of the library, a key of `INSTALL`.
        purpose: what it is needed for, to begin the sentence with.

    Raises:
        WorkloadError: it is not installed, or cannot be imported beside this torch.
    """
    try:
        return importlib.import_module(name)
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
