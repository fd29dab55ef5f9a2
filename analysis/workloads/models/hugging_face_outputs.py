"""What a model of transformers returns, told by the name of its class."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_VALUES = ("ObjectDetection", "QuestionAnswering", "DepthEstimation", "ImageToImage", "KeypointD")


def has_head(kind: str) -> bool:
    """Whether a head follows the body: transformers' own convention."""
    return "For" in kind or kind.endswith("LMHeadModel")


def gives_scores(kind: str) -> bool:
    """Whether the output is scores of classes or tokens."""
    return has_head(kind) and not any(name in kind for name in _VALUES)


def output_of(kind: str) -> Callable[[Any], Tensor] | None:
    """What takes the output tensor; None where it is ``.logits``."""
    if not has_head(kind):
        return features
    if "ObjectDetection" in kind:
        return boxes_and_scores
    return predicted_depth if "DepthEstimation" in kind else None


def features(result: Any) -> Tensor:
    """Embeddings side by side where the model makes some, else its last hidden state."""
    named = ("image_embeds", "text_embeds", "audio_embeds")
    found = [getattr(result, name, None) for name in named]
    embeddings = [value for value in found if value is not None]
    hidden: Tensor = torch.cat(embeddings, dim=-1) if embeddings else result.last_hidden_state
    return hidden


def boxes_and_scores(result: Any) -> Tensor:
    """Both heads of a detector side by side, (samples, queries, classes + 4): neither may drift."""
    return torch.cat([result.logits, result.pred_boxes], dim=-1)


def predicted_depth(result: Any) -> Tensor:
    """Of every pixel, (samples, height, width)."""
    found: Tensor = result.predicted_depth
    return found
