"""What must hold of a workload before anything is computed; no forward is run here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import AnalysisError, ModelError, WorkloadError
from analysis.metrics import FloatMetric, Metric
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


def check_form(model: nn.Module) -> None:
    """The model is one whose modules can be watched, with weights in float.

    Raises:
        ModelError: it is compiled by TorchScript, or quantised already; the module is named.
    """
    for name, module in model.named_modules():
        where = f"{name} ({_kind(module)})" if name else _kind(module)
        if isinstance(module, torch.jit.ScriptModule):
            raise ModelError(
                f"The model must be a plain torch.nn.Module, and {where} is compiled by "
                "TorchScript, which lets nobody watch its layers; build the network in Python and "
                "load its weights, as `quantscope add` does."
            )
        if ".quantized" in type(module).__module__:
            raise ModelError(
                f"The model must have float weights, and {where} is quantised already; give the "
                "model as it was before."
            )


def check_workload(workload: Workload) -> None:
    """Model, metric and the first batch of each part have the form the engine needs.

    Raises:
        ModelError: the model is no module or none that can be watched, or a weight is not finite.
        WorkloadError: a part is empty or a batch has another form; the message names it.
    """
    if not isinstance(workload.model, nn.Module):
        raise ModelError(
            f"Workload(model=…) must be a torch.nn.Module, not {_kind(workload.model)}; "
            "build the model and load its weights in the factory."
        )
    check_form(workload.model)
    check_weights(workload.model)
    _check_metrics(workload.all_metrics)
    parts = {"calibration": workload.calibration, "evaluation": workload.evaluation}
    if workload.sweep is not None:
        parts["sweep"] = workload.sweep
    for part, batches in parts.items():
        # without labels the other parts tell the divergence to the float model, which needs none
        labelled = _needs_labels(workload) and part == "evaluation"
        _check_batch(part, _first_batch(part, batches), labelled=labelled)


def _needs_labels(workload: Workload) -> bool:
    """Whether some metric compares with labels, and not with the float output alone."""
    return any(not isinstance(metric, FloatMetric) for metric in workload.all_metrics)


def _check_metrics(metrics: Iterable[object]) -> None:
    names: set[str] = set()
    for metric in metrics:
        if not isinstance(metric, Metric):
            raise WorkloadError(
                "A metric must have name, direction, divergence, statistics and finish (or "
                f"pooled); {_kind(metric)} lacks one. Give metrics.Top1(), a "
                "metrics.UserMetric of your class, or None without labels."
            )
        if metric.name in names:
            raise WorkloadError(
                f"Metrics must have different names; two are called {metric.name!r:.40}."
            )
        names.add(metric.name)


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
