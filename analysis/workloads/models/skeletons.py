"""A network without weights, and how a library's failures are told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import AnalysisError, ModelError, UnknownWorkloadError
from analysis.workloads.data.form import Pictures

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Build = Callable[[], nn.Module]


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """How to make a network, and what it takes.

    Attributes:
        build: makes it with weights of no meaning.
        output, scores: as `ReadModel` has them.
    """

    build: Build
    takes: Pictures | None = None
    output: Callable[[Any], Tensor] | None = None
    scores: bool = True

    def expected(self) -> Mapping[str, Tensor]:
        """Names and shapes of its state dict, without memory for the values."""
        return on_meta(self.build).state_dict()


def on_meta(build: Build) -> nn.Module:
    """The network without memory for its values, where it can be built so."""
    try:
        with torch.device("meta"):
            return build()
    except RuntimeError:  # RegNet of torchvision computes its widths with tensors
        return build()


def unknown(library: str, name: str) -> UnknownWorkloadError:
    """What to say of a name that a library does not have."""
    return UnknownWorkloadError(
        f"The architecture must be one that {library} has; it has none called {name!r:.80}. "
        f"Check the spelling in its list of models."
    )


def built(what: str, make: Callable[[], Any]) -> Any:
    """What a library makes; whatever it raises becomes one sentence.

    Raises:
        ModelError: it fails.
    """
    try:
        return make()
    except AnalysisError:
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or ["no message"])[0]
        raise ModelError(
            f"{what} must be built from its description, and that fails with "
            f"{type(error).__name__}: {first:.200}. Check its configuration."
        ) from error
