"""What a file of weights belongs to: a built-in network, or one of a library; torch-free."""

import re
from dataclasses import dataclass
from typing import Literal

from analysis.errors import UnknownWorkloadError
from analysis.workloads.architectures import ARCHITECTURE_FORMS

Library = Literal["built-in", "timm", "torchvision", "hf"]

# no scheme, no folder: timm and torchvision would else fetch files by such names
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,120}")


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network without weights.

    Attributes:
        name: in the library; for ``hf`` an ID or a folder that holds config.json.
    """

    library: Library
    name: str

    @property
    def text(self) -> str:
        """As `parse_architecture` takes it."""
        return self.name if self.library == "built-in" else f"{self.library}:{self.name}"


def parse_architecture(text: str) -> Architecture:
    """``digits-mlp``, ``timm:resnet18``, ``torchvision:resnet18`` or ``hf:ID-or-folder``.

    Raises:
        UnknownWorkloadError: it has none of these forms.
    """
    library, colon, name = text.partition(":")
    if not colon and text in ARCHITECTURE_FORMS:
        return Architecture("built-in", text)
    if library in ("timm", "torchvision") and _NAME.fullmatch(name):
        return Architecture("timm" if library == "timm" else "torchvision", name)
    if library == "hf" and name:
        return Architecture("hf", name)
    raise UnknownWorkloadError(
        f"The architecture must be one of {', '.join(ARCHITECTURE_FORMS)}, or timm:NAME, "
        f"torchvision:NAME, or hf: with an ID or a folder; not {text!r:.80}. Choose one of these."
    )
