"""A look at a workload before any sweep: histograms, ranges, what each spec would do, coverage."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from analysis.layers import Layer
from analysis.metrics import statistics_rows
from analysis.profiles import Inspection, LayerProfile, SampleCounts
from analysis.quant.describe import (
    activation_effect,
    weight_effect,
    weight_histogram,
    weight_stats,
)
from analysis.quant.observer import Observer
from analysis.quant.spec import (
    ACTIVATION_SPEC,
    IntFormat,
    PerChannel,
    PerTensor,
    QuantSpec,
    RangeMethod,
)
from analysis.sensitivity.exact import chunk_size
from analysis.sensitivity.footprint import memory_figures
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.points import DEFAULT_BITS
from analysis.simulate.calibration import calibrate
from analysis.simulate.lookups import count_lookups, row_lookups
from analysis.simulate.simulated import simulated
from analysis.workloads.flow import find_edges
from analysis.workloads.parts import count_samples, cut_batches
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload

MAX_CHANNELS = 512
MAX_MENU_WEIGHTS = 4_000_000
"""Above this many weights in a layer the menu leaves out the slow range methods."""


def weight_menu(layer: Layer) -> Iterator[QuantSpec]:
    """The specs whose effect on a weight is shown without asking."""
    methods: tuple[RangeMethod, ...] = ("minmax", "percentile", "mse")
    if layer.parameters > MAX_MENU_WEIGHTS:
        methods = ("minmax",)
    for width in DEFAULT_BITS:
        for symmetric in (False, True):
            for method in methods:
                yield QuantSpec(IntFormat(width, symmetric), PerChannel(), method)
            yield QuantSpec(IntFormat(width, symmetric), PerTensor(), "minmax")


def activation_menu() -> Iterator[QuantSpec]:
    """Likewise for a layer's input."""
    methods: tuple[RangeMethod, ...] = ("minmax", "percentile", "mse")
    for width in DEFAULT_BITS:
        for method in methods:
            yield QuantSpec(IntFormat(width), ACTIVATION_SPEC.granularity, method)


def _profile(
    made: Subject, layer: Layer, observed: Observer | None, counts: Tensor | None
) -> LayerProfile:
    weight = made.model.get_parameter(layer.param).detach()
    rows = weight.movedim(layer.channel_axis, 0).reshape(layer.channels, -1)
    step = -(-layer.channels // MAX_CHANNELS)
    return LayerProfile(
        layer=layer,
        weight=weight_histogram(weight),
        weight_stats=weight_stats(weight),
        activation=observed.histogram() if observed else None,
        activation_stats=observed.stats() if observed else None,
        channel_min=tuple(rows.amin(1)[::step].tolist()),
        channel_max=tuple(rows.amax(1)[::step].tolist()),
        effects=tuple(
            weight_effect(weight, spec, layer.channel_axis, lookups=counts)
            for spec in weight_menu(layer)
        ),
        activation_effects=tuple(activation_effect(observed, s) for s in activation_menu())
        if observed
        else (),
        lookups=None if counts is None else row_lookups(counts),
    )


def _reference(made: Subject) -> dict[str, float]:
    rows: dict[str, list[NDArray[np.float64]]] = {metric.name: [] for metric in made.metrics}
    if not rows:
        return {}
    with simulated(made, None) as forward:
        for inputs, target in cut_batches(
            made.parts.evaluation, made.whole(chunk_size(made.layers))
        ):
            output = forward(inputs)
            for metric in made.metrics:
                rows[metric.name].append(statistics_rows(metric, output, target, output))
    found = ((metric, np.concatenate(rows[metric.name])) for metric in made.metrics)
    return {metric.name: metric_value(metric, table) for metric, table in found if table.shape[1]}


def inspect_workload(workload: Workload) -> Inspection:
    """Look at a workload: everything the app shows before a sweep.

    Weight histograms have 256 bins; input histograms come from one pass over the calibration set;
    the float metric is that of the evaluation set.

    Raises:
        WorkloadError: the model or the data cannot be used.
    """
    made = subject(workload)
    observed, counts = calibrate(made), count_lookups(made)
    metric = made.metric
    return Inspection(
        workload=made.name,
        fingerprint=made.fingerprint,
        description=workload.description,
        profiles=tuple(
            _profile(made, layer, observed.get(layer.name), counts.get(layer.name))
            for layer in made.layers
        ),
        skipped=made.skipped,
        samples=SampleCounts(
            calibration=count_samples(made.parts.calibration),
            sweep=count_samples(made.parts.sweep),
            evaluation=count_samples(made.parts.evaluation),
        ),
        reference=_reference(made),
        metric=metric.name if metric else None,
        direction=metric.direction if metric else "higher",
        divergence=made.divergence,
        parameters=sum(value.numel() for value in made.model.parameters()),
        other_bytes=made.other_bytes,
        memory=memory_figures(made),
        edges=find_edges(made.model, made.probe, made.layers),
    )
