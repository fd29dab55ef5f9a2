"""Nets of the decision bench, each with several cuts of its data."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor, nn

from analysis.workloads.parts import join_batches, split_batches
from analysis.workloads.workload import Batch, Workload
from tests.bench import nets

DECISION_NETS = ("demo-cnn", "resnet20", "gpt", "digits-cnn")
"""The nets of issue 4: the demo, a residual net, a decoder, and a small CNN of seven layers."""


def _digits_cnn() -> nn.Module:
    """Seven layers without batch norm or shortcuts (net B of METHODS 7)."""
    layers: list[nn.Module] = []
    for inputs, outputs, stride in ((1, 16, 1), (16, 16, 2), (16, 32, 1), (32, 32, 2), (32, 48, 1)):
        layers += [nn.Conv2d(inputs, outputs, 3, stride, 1), nn.ReLU()]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 10)]
    return nn.Sequential(*layers, *head)


SIZES = {"demo-cnn": (256, 768)}
USUAL = (128, 512)
"""Samples for the ranges (and the validation), and for the sweep; the rest is held out."""


@cache
def _net(name: str) -> Workload:
    if name == "digits-cnn":
        return nets._workload(name, _digits_cnn, epochs=20)
    return nets.bench_workload(name)


@cache
def decision_workload(name: str, seed: int) -> Workload:
    """A net with everything outside its training data pooled, shuffled and cut anew.

    So each seed sweeps, validates and judges on other samples.
    """
    workload = _net(name)
    sweep: Sequence[Batch] = tuple(workload.sweep or ())
    parts = [*workload.calibration, *sweep, *workload.evaluation]
    (pool,) = join_batches(parts)
    ranges, swept = SIZES.get(name, USUAL)
    first, rest = split_batches([_shuffled(pool, seed)], ranges)
    second, third = split_batches(rest, swept)
    return replace(workload, calibration=first, sweep=second, evaluation=third)


def _shuffled(batch: Batch, seed: int) -> Batch:
    inputs, targets = batch
    assert isinstance(inputs, Tensor)
    assert targets is not None
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))
    return inputs[order], targets[order]
