"""A made-up look at a made-up network: histograms, ranges and what each spec does."""

import numpy as np

from analysis.layers import Layer, Skipped
from analysis.profiles import Inspection, LayerProfile, SampleCounts
from analysis.quant.spec import ACTIVATION_SPEC, WEIGHT_SPEC, IntFormat, QuantSpec
from analysis.quant.stats import Histogram, SpecEffect, TensorStats
from analysis.sensitivity.points import DEFAULT_BITS, Sensitivities


def make_inspection(result: Sensitivities) -> Inspection:
    """What looking at the same network would have found."""
    rng = np.random.default_rng(len(result.layers))
    bits = tuple(sorted({point.bits for point in result.points})) or DEFAULT_BITS
    setup = result.setup
    parameters = sum(layer.parameters for layer in setup.layers)
    return Inspection(
        workload=setup.workload,
        fingerprint=setup.fingerprint,
        description="A residual CNN that only exists in tests.",
        profiles=tuple(_profile(layer, bits, rng) for layer in setup.layers),
        skipped=(Skipped("head.bias", "Linear", 10, "biases stay in float"),),
        samples=SampleCounts(calibration=256, sweep=setup.samples, evaluation=2000),
        reference=dict(setup.reference),
        metric=setup.metric,
        direction=setup.direction,
        divergence=setup.divergence,
        parameters=parameters + setup.other_bytes // 4,
        other_bytes=setup.other_bytes,
    )


def _profile(layer: Layer, bits: tuple[int, ...], rng: np.random.Generator) -> LayerProfile:
    fan_in = max(1, layer.parameters // layer.channels)
    weight = rng.standard_t(6, size=1024) * fan_in**-0.5
    seen = np.maximum(rng.normal(0.2, 1.0, size=1024), 0.0)
    channels = min(512, layer.channels)
    spread = np.abs(weight).max() * rng.uniform(0.3, 1.0, size=(2, channels))
    formats = [IntFormat(b, symmetric) for b in bits for symmetric in (True, False)]
    watched = layer.calls > 0
    return LayerProfile(
        layer=layer,
        weight=_histogram(weight, layer.parameters),
        weight_stats=_stats(weight, layer.parameters),
        activation=_histogram(seen, 256 * layer.input_size) if watched else None,
        activation_stats=_stats(seen, 256 * layer.input_size) if watched else None,
        channel_min=tuple((-spread[0]).tolist()),
        channel_max=tuple(spread[1].tolist()),
        effects=tuple(
            _effect(weight, QuantSpec(form, WEIGHT_SPEC.granularity, "minmax")) for form in formats
        ),
        activation_effects=tuple(
            _effect(seen, QuantSpec(form, ACTIVATION_SPEC.granularity, "minmax"))
            for form in formats
            if watched
        ),
    )


def _histogram(values: np.ndarray, count: int) -> Histogram:
    counts, edges = np.histogram(values, bins=256)
    scaled = counts * max(1, count // values.size)
    return Histogram(float(edges[0]), float(edges[-1]), tuple(int(n) for n in scaled))


def _stats(values: np.ndarray, count: int) -> TensorStats:
    mean, std = float(values.mean()), float(values.std())
    standard = (values - mean) / std
    return TensorStats(
        count=count,
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=mean,
        std=std,
        zeros=float((values == 0).mean()),
        kurtosis=float((standard**4).mean()) - 3.0,
        outliers=float((np.abs(standard) > 4).mean()),
        constant=False,
    )


def _effect(values: np.ndarray, spec: QuantSpec) -> SpecEffect:
    """Round the values to the grid of one scale."""
    form = spec.format
    assert isinstance(form, IntFormat)
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    largest = max(-low, high)
    scale = largest / form.qmax if form.symmetric else (high - low) / (form.qmax - form.qmin)
    zero_point = 0 if form.symmetric else round(-low / scale)
    codes = np.clip(np.rint(values / scale) + zero_point, form.qmin, form.qmax)
    error = values - (codes - zero_point) * scale
    every = np.arange(form.qmin, form.qmax + 1)
    return SpecEffect(
        spec=spec,
        sqnr_db=float(10 * np.log10((values**2).sum() / (error**2).sum())),
        clipped=0.0,
        scale=(scale * 0.4, scale),
        grid=tuple(((every[:256] - zero_point) * scale).tolist()),
    )
