"""Networks without weights, from the built-in list or from a library that is installed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import AnalysisError, ModelError, UnknownWorkloadError
from analysis.workloads.architectures import architecture_form
from analysis.workloads.data.form import Pictures
from analysis.workloads.models.architecture import Architecture
from analysis.workloads.models.needed import needed
from analysis.workloads.nets import ARCHITECTURES

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

Build = Callable[[], nn.Module]


@dataclass(frozen=True, slots=True, eq=False)
class Skeleton:
    """How to make a network, and what it takes.

    Attributes:
        build: makes it with weights of no meaning.
    """

    build: Build
    takes: Pictures | None = None

    def expected(self) -> Mapping[str, Tensor]:
        """Names and shapes of its state dict, without memory for the values."""
        with torch.device("meta"):
            return dict(self.build().state_dict())


def skeleton_of(architecture: Architecture, state: Mapping[str, Tensor]) -> Skeleton:
    """The network of that name, with as many classes as the weights have.

    Raises:
        UnknownWorkloadError: the library has none of that name.
        WorkloadError: the library is not installed.
        ValueError: it is a model of transformers.
    """
    match architecture.library:
        case "built-in":
            form = architecture_form(architecture.name)
            channels, height, width = form.input_shape
            grey = Pictures(size=(height, width), channels=1 if channels == 1 else 3)
            return Skeleton(ARCHITECTURES[form.name], grey)
        case "timm":
            return _timm(architecture.name, state)
        case "torchvision":
            return _torchvision(architecture.name, state)
        case "hf":
            raise ValueError("transformers loads its models itself, see hugging_face")


def _timm(name: str, state: Mapping[str, Tensor]) -> Skeleton:
    timm = needed("timm", f"The architecture timm:{name}")
    if not timm.is_model(name):
        raise _unknown("timm", name)
    config = timm.get_pretrained_cfg(name)
    head = state.get(f"{config.classifier}.weight") if config is not None else None
    classes = {} if head is None or head.dim() != 2 else {"num_classes": len(head)}

    def build() -> nn.Module:
        made: nn.Module = timm.create_model(name, pretrained=False, **classes)
        return made

    size = config.input_size[-2:] if config is not None else (224, 224)
    mean, std = (config.mean, config.std) if config is not None else (IMAGENET_MEAN, IMAGENET_STD)
    side = round(max(size) / (config.crop_pct or 1.0)) if config is not None else None
    takes = Pictures(size=tuple(size), shorter_side=side, mean=tuple(mean), std=tuple(std))
    return Skeleton(build, takes)


def _torchvision(name: str, state: Mapping[str, Tensor]) -> Skeleton:
    models = needed("torchvision", f"The architecture torchvision:{name}").models
    if name not in models.list_models():
        raise _unknown("torchvision", name)
    matrices = [
        value for key, value in state.items() if key.endswith("weight") and value.dim() == 2
    ]
    classes = {"num_classes": len(matrices[-1])} if matrices else {}

    def build() -> nn.Module:
        made: nn.Module = models.get_model(name, weights=None, **classes)
        return made

    takes = Pictures(size=(224, 224), shorter_side=256, mean=IMAGENET_MEAN, std=IMAGENET_STD)
    return Skeleton(build, takes)


def _unknown(library: str, name: str) -> UnknownWorkloadError:
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
