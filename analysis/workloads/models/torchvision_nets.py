"""Networks of torchvision, without weights."""

from collections.abc import Mapping
from inspect import signature
from typing import Any

from torch import Tensor, nn

from analysis.workloads.data.form import Pictures
from analysis.workloads.models.detector import raw_heads
from analysis.workloads.models.head_classes import class_options
from analysis.workloads.models.needed import needed
from analysis.workloads.models.skeletons import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Skeleton,
    built,
    on_meta,
    unknown,
)

_SECOND_HEADS = ("aux1.", "AuxLogits.")
_PICTURES = Pictures(size=(224, 224), shorter_side=256, mean=IMAGENET_MEAN, std=IMAGENET_STD)


def torchvision_skeleton(name: str, state: Mapping[str, Tensor]) -> Skeleton:
    """A network of torchvision; of a detector, what its heads give before boxes are chosen.

    Raises:
        UnknownWorkloadError: torchvision has none of that name.
        WorkloadError: torchvision is not installed, or cannot build it.
    """
    models = needed("torchvision", f"The architecture torchvision:{name}").models
    if name not in models.list_models():
        raise unknown("torchvision", name)
    builder = models.get_model_builder(name)
    fixed = _fixed(builder, name, state)
    kind = builder.__module__

    def build(**options: int) -> nn.Module:
        made: nn.Module = builder(weights=None, **fixed, **options)
        return raw_heads(made, name) if ".detection" in kind else made

    what = f"The network torchvision:{name}"
    classes = built(what, lambda: class_options(build, state))
    if ".detection" in kind:
        takes = _detected(built(what, lambda: on_meta(build)))
    else:
        takes = built(what, lambda: _takes(models, name))
    return Skeleton(
        lambda: build(**classes),
        None if ".video" in kind or ".optical_flow" in kind else takes,
        _main if ".segmentation" in kind else None,
        scores=".detection" not in kind,
    )


def _fixed(builder: Any, name: str, state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Options of a builder that fetches nothing and has the second head that the weights have."""
    takes = signature(builder).parameters
    fixed: dict[str, Any] = {}
    if "weights_backbone" in takes:  # fetched from the network unless told otherwise
        fixed["weights_backbone"] = None
    if "aux_loss" in takes:
        fixed["aux_loss"] = any(key.startswith("aux_classifier.") for key in state)
    if name in ("googlenet", "inception_v3"):
        fixed["aux_logits"] = any(key.startswith(_SECOND_HEADS) for key in state)
        fixed["init_weights"] = False  # slow, and they are replaced
    return fixed


def _takes(models: Any, name: str) -> Pictures:
    """How torchvision's first weights of that network want their pictures."""
    weights = next(iter(models.get_model_weights(name)), None)
    wanted: Any = weights.transforms() if weights is not None else None
    side = getattr(wanted, "resize_size", None)
    crop = getattr(wanted, "crop_size", side)
    if not side or not crop:
        return _PICTURES
    return Pictures(
        size=(crop[0], crop[-1]),
        shorter_side=max(side[0], *crop),
        mean=tuple(wanted.mean),
        std=tuple(wanted.std),
    )


def _detected(model: nn.Module) -> Pictures:
    """What a detector takes: pictures in [0, 1], which it standardises and resizes itself."""
    resize: Any = model.transform
    height, width = resize.fixed_size or (resize.min_size[-1],) * 2
    return Pictures(size=(height, width))


def _main(result: Any) -> Tensor:
    """The scores of the classes, (samples, classes, height, width), without the second head's."""
    found: Tensor = result["out"]
    return found
