"""Networks of timm, without weights."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from analysis.workloads.data.form import Pictures
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


def timm_skeleton(name: str, state: Mapping[str, Tensor]) -> Skeleton:
    """A network of timm, which may carry the tag of its weights: ``resnet18.a1_in1k``.

    Raises:
        UnknownWorkloadError: timm has none of that name.
        WorkloadError: timm is not installed, or cannot build it.
    """
    timm = needed("timm", f"The architecture timm:{name}")
    if not timm.is_model(name):
        raise unknown("timm", name)

    def build(**options: int) -> nn.Module:
        made: nn.Module = timm.create_model(name, pretrained=False, **options)
        return made

    classes = built(f"The network timm:{name}", lambda: class_options(build, state))
    takes = _takes(timm.get_pretrained_cfg(name))
    made = built(f"The network timm:{name}", lambda: on_meta(lambda: build(**classes)))
    # without a head, which for some networks is usual, it gives features
    number = classes.get("num_classes", getattr(made, "num_classes", None))
    return Skeleton(lambda: build(**classes), takes, scores=number != 0)


def _takes(config: Any) -> Pictures:
    """How its own weights want their pictures."""
    if config is None:
        return Pictures(mean=IMAGENET_MEAN, std=IMAGENET_STD)
    size = tuple(config.input_size[-2:])
    side = round(max(size) / (config.crop_pct or 1.0))
    return Pictures(size=size, shorter_side=side, mean=tuple(config.mean), std=tuple(config.std))
