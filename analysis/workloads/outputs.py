"""The one tensor that is judged, taken out of what a model returns."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from analysis.errors import ModelError
from analysis.sensitivity.points import Divergence


@runtime_checkable
class _HasClassAxis(Protocol):
    """A metric that knows where its task's networks have their classes."""

    class_axis: int


def take_output(result: Any, output: Callable[[Any], Tensor] | None) -> Tensor:
    """The tensor to be judged.

    What `output` takes; else a tensor itself, the first of a tuple, ``.logits``, or all tensors of
    a dict or list side by side.

    Raises:
        ModelError: there is none.
    """
    if output is not None:
        result = output(result)
    elif isinstance(result, tuple):
        result = result[0]
    elif is_joined(result, output):
        return _joined(result)
    elif not isinstance(result, Tensor) and hasattr(result, "logits"):
        result = result.logits
    if not isinstance(result, Tensor) or not result.is_floating_point() or result.dim() < 1:
        raise ModelError(
            f"The model must return a floating-point tensor with the sample axis first, a tuple "
            f"that starts with one, an object with .logits, or a dict or list of such tensors; it "
            f"returns {type(result).__name__}. Set Workload(output=…) to take the tensor out."
        )
    return result


def is_joined(result: Any, output: Callable[[Any], Tensor] | None) -> bool:
    """Whether several tensors of a result are put side by side."""
    if output is not None or hasattr(result, "logits"):
        return False
    return isinstance(result, Mapping | list)


def _tensors(result: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Floating-point tensors of nested dicts, lists and tuples, with their places."""
    if isinstance(result, Tensor):
        if result.is_floating_point() and result.dim() > 0:
            yield name, result
    elif isinstance(result, Mapping):
        for key, value in result.items():
            yield from _tensors(value, f"{name}.{key}" if name else str(key))
    elif isinstance(result, list | tuple):
        for number, value in enumerate(result):
            yield from _tensors(value, f"{name}[{number}]")


def _joined(result: Any) -> Tensor:
    found = [tensor for _, tensor in _tensors(result)]
    counts = {len(tensor) for tensor in found}
    if len(counts) != 1:
        raise ModelError(
            "A dict or list that the model returns must hold floating-point tensors with the same "
            f"samples first; it holds {len(found)} with {sorted(counts)[:4]} samples. Detections "
            "after suppression differ in number: set Workload(output=…) to take the raw heads."
        )
    return torch.cat([tensor.reshape(len(tensor), -1) for tensor in found], 1)


def joined_note(result: Any) -> str:
    """What was put side by side, in one sentence."""
    names = [name for name, _ in _tensors(result)]
    shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
    return (
        f"The model returns {len(names)} tensors ({shown:.200}); they are judged side by side as "
        "one row of values a sample. Set Workload(output=…) to judge one of them."
    )


def class_axis_of(
    asked: int | None, metric: object, divergence: Divergence, output: Tensor
) -> int | None:
    """Which axis of the output holds the classes; None where the last does, or there are none.

    Args:
        asked: by the workload.
        metric: the main one; a segmentation metric says axis 1.
        divergence: only "kl" has classes.
        output: of some samples; four and more axes are (samples, classes, height, width).

    Raises:
        ModelError: the output has no such axis.
    """
    if divergence != "kl":
        return None
    axis = asked
    if axis is None:
        axis = metric.class_axis if isinstance(metric, _HasClassAxis) else None
    if axis is None:
        axis = 1 if output.dim() >= 4 else -1
    place = axis % output.dim() if -output.dim() <= axis < output.dim() else 0
    if place == 0:
        raise ModelError(
            f"The class axis must be one after the first of an output of shape "
            f"{tuple(output.shape)}; it is {axis}. Set Workload(class_axis=…)."
        )
    return None if place == output.dim() - 1 else place
