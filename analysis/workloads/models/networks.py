"""Which network weights belong to, from the built-in list or from a library that is installed."""

from collections.abc import Mapping
from typing import assert_never

from torch import Tensor

from analysis.workloads.architectures import architecture_form
from analysis.workloads.data.form import Pictures
from analysis.workloads.models.architecture import Architecture
from analysis.workloads.models.skeletons import Skeleton
from analysis.workloads.nets import ARCHITECTURES


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
            from analysis.workloads.models.timm_nets import timm_skeleton

            return timm_skeleton(architecture.name, state)
        case "torchvision":
            from analysis.workloads.models.torchvision_nets import torchvision_skeleton

            return torchvision_skeleton(architecture.name, state)
        case "hf":
            raise ValueError("transformers loads its models itself, see hugging_face")
        case _:
            assert_never(architecture.library)
