"""Detectors of torchvision, stopped where their output still has one row a picture.

What they return is lists of boxes whose number differs from picture to picture, so no two outputs
could be compared value by value. The heads' own tensors can be.
"""

from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import ModelError


def raw_heads(model: nn.Module, name: str) -> nn.Module:
    """The detector, of a class whose forward ends with the heads.

    Raises:
        ModelError: boxes are chosen in its middle (a detector of two stages).
    """
    if hasattr(model, "roi_heads"):
        raise ModelError(
            f"A detector must give the same number of values for every picture, and {name:.80} "
            "chooses boxes before its last layers; bring one of a single stage (ssd, ssdlite, "
            "retinanet, fcos), or its backbone with a factory: my_case.py:make."
        )

    def forward(self: Any, images: Tensor) -> dict[str, Tensor]:
        prepared, _ = self.transform(images)
        features = self.backbone(prepared.tensors)
        if isinstance(features, torch.Tensor):
            features = {"0": features}
        heads: dict[str, Tensor] = self.head(list(features.values()))
        return heads

    # another class instead of a forward of its own, so that copies of the model run their own parts
    own = type(model)
    model.__class__ = type(own.__name__, (own,), {"forward": forward})
    return model
