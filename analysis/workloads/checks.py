"""What must hold of a workload before anything is computed; no forward is run here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import AnalysisError, ModelError, WorkloadError
from analysis.metrics import Metric
from analysis.workloads.workload import Workload


def check_weights(model: nn.Module) -> None:
    """Every parameter and buffer is finite.

    Raises:
        ModelError: one is not; named.
    """
    for name, value in model.state_dict().items():
        if isinstance(value, Tensor) and value.is_floating_point():
            bad = int((~torch.isfinite(value)).sum())
            if bad:
                raise ModelError(
                    f"All weights must be finite; {name} holds {bad} NaN or infinite "
                    f"{'value' if bad == 1 else 'values'} of {value.numel()}. "
                    "Train or save the model again."
                )


def check_workload(workload: Workload) -> None:
    """Model, metric and the first batch of each part have the form the engine needs.

    Raises:
        ModelError: the model is no module, or a weight is not finite.
        WorkloadError: a part is empty or a batch has another form; the message names it.
    """
    if not isinstance(workload.model, nn.Module):
        raise ModelError(
            f"Workload(model=…) must be a torch.nn.Module, not {_kind(workload.model)}; "
            "build the model and load its weights in the factory."
        )
    check_weights(workload.model)
    if workload.metric is not None and not isinstance(workload.metric, Metric):
        raise WorkloadError(
            "Workload(metric=…) must have name, direction, divergence, statistics and finish; "
            f"{_kind(workload.metric)} lacks one. Give metrics.Top1(), or None without labels."
        )
    parts = {"calibration": workload.calibration, "evaluation": workload.evaluation}
    if workload.sweep is not None:
        parts["sweep"] = workload.sweep
    for part, batches in parts.items():
        _check_batch(part, _first_batch(part, batches), labelled=workload.metric is not None)


def _kind(value: object) -> str:
    return type(value).__name__


def _first_batch(part: str, batches: Iterable[Any]) -> Any:
    if not isinstance(batches, Iterable) or isinstance(batches, Iterator):
        raise WorkloadError(
            f"The {part} set must be iterable several times, such as a list or a DataLoader; "
            f"{_kind(batches)} is not. Wrap it in list(…)."
        )
    try:
        return next(iter(batches))
    except StopIteration:
        raise WorkloadError(
            f"The {part} set must not be empty; give at least one batch of (inputs, target)."
        ) from None
    except AnalysisError:
        raise
    except Exception as error:
        raise WorkloadError(
            f"The {part} set must give batches; it fails with {_kind(error)}: {error!s:.200}."
        ) from error


def _tensors(inputs: object) -> tuple[object, ...]:
    if isinstance(inputs, Mapping):
        return tuple(inputs.values())
    return tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)


def _check_batch(part: str, batch: object, *, labelled: bool) -> None:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        size = f" of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
        raise WorkloadError(
            f"A batch must be (inputs, target); the {part} set gives {_kind(batch)}{size}. "
            "Give (inputs, None) where there are no labels."
        )
    inputs, target = batch
    if labelled and target is None:
        raise WorkloadError(
            f"A metric needs targets; the {part} set gives None. Add labels, or set metric=None."
        )
    tensors = _tensors(inputs) + (() if target is None else (target,))
    wrong = [value for value in tensors if not isinstance(value, Tensor) or value.dim() == 0]
    if wrong or not _tensors(inputs):
        raise WorkloadError(
            "Inputs must be a tensor, a tuple or a dict of tensors with the sample axis first, and "
            f"the target a tensor or None; the {part} set holds {_kind((*wrong, inputs)[0])}. "
            "Convert it in the data set or the factory."
        )
    sizes = sorted({len(value) for value in tensors if isinstance(value, Tensor)})
    if len(sizes) != 1 or sizes[0] == 0:
        raise WorkloadError(
            f"All tensors of a batch must hold the same samples, at least one; {part} has "
            f"{' and '.join(map(str, sizes))} of them. Put the sample axis first."
        )
