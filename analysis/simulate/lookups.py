"""How often the calibration set reads each row of an embedding table."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from analysis.profiles import RowLookups
from analysis.simulate.calibration import CALIBRATION_BATCH
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.subject import Subject

HOTTEST = 10
"""The facts tell the share of lookups that read the most-read tenth of the rows."""


def count_lookups(subject: Subject) -> Mapping[str, Tensor]:
    """Run the calibration set once and count the rows read.

    Returns:
        layer name to int64 (rows,); embedding tables alone.
    """
    counts: dict[str, Tensor] = {}
    with temporary_hooks() as handles, quiet_inference(subject):
        for layer in subject.layers:
            module = subject.model.get_submodule(layer.module)
            if isinstance(module, nn.Embedding | nn.EmbeddingBag):
                counts[layer.name] = torch.zeros(module.num_embeddings, dtype=torch.int64)
                hook = _hook(counts[layer.name])
                handles.append(module.register_forward_pre_hook(hook, with_kwargs=True))
        if counts:
            for inputs, _ in subject.calibration_batches(CALIBRATION_BATCH):
                call_with(subject.model, {}, inputs)
    return counts


def _hook(counts: Tensor) -> Any:
    def hook(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        rows = (args[0] if args else kwargs["input"]).flatten().long()
        counts.add_(torch.bincount(rows, minlength=len(counts)))

    return hook


def row_lookups(counts: Tensor) -> RowLookups:
    """The facts of one table."""
    hottest = counts.sort(descending=True).values[: -(-len(counts) // HOTTEST)]
    total = int(counts.sum())
    return RowLookups(
        rows=len(counts),
        read=int((counts > 0).sum()),
        lookups=total,
        hottest=int(hottest.sum()) / total if total else 0.0,
    )
