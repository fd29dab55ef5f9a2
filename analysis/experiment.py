"""One layer tried out: what a spec does to it, and two specs against each other."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.divergence import reference_of, squared_norms
from analysis.errors import OptionError
from analysis.layers import Layer
from analysis.quant.describe import activation_effect, effect_with, weight_histogram
from analysis.quant.fake import fake_quantize_tensor, fake_quantize_with
from analysis.quant.qparams import QParams, activation_qparams, weight_qparams
from analysis.quant.spec import (
    CodebookFormat,
    FloatFormat,
    MxFormat,
    NvFp4Format,
    PerTensor,
    QuantSpec,
)
from analysis.recipe import LayerConfig, Recipe
from analysis.sensitivity.exact import chunk_size
from analysis.sensitivity.points import Target
from analysis.sensitivity.resampling import mean_interval
from analysis.simulate.calibration import Ranges
from analysis.simulate.evidence import evidence_for
from analysis.simulate.input_channels import Extremes
from analysis.simulate.simulated import simulated
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.trials import ChannelExtremes, SpecLook, Trial, TrialSide
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.parts import count_samples, cut_batches, pick_samples
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch

MAX_LOOK, MAX_SEARCH, MAX_LEVEL_SEARCH = 1 << 21, 1 << 19, 1 << 17
"""Above this many weights only evenly spaced output channels are looked at, fewer where the range
is searched for, and fewest where that is for a grid of levels, whose rounding is slow: 10 M weights
then answer within 200 ms on one thread."""

MAX_TRIAL_SAMPLES = 64
MAX_CHANNELS = 512
ERROR_BINS = 128

Floats = NDArray[np.float64]


def layer_named(made: Subject, name: str) -> Layer:
    """The layer of that name.

    Raises:
        OptionError: there is none.
    """
    for layer in made.layers:
        if layer.name == name:
            return layer
    raise OptionError(f"{made.name} has no layer {name!r:.80}; choose one from the table.")


def look_at_weight(made: Subject, layer: Layer, spec: QuantSpec) -> SpecLook:
    """What a spec does to a layer's weight: effect, errors, scales."""
    weight = made.model.get_parameter(layer.param).detach().movedim(layer.channel_axis, 0)
    evidence = evidence_for(made, layer, spec)
    step = 1
    if evidence is None or len(evidence.mean) == 1:
        step = max(1, min(-(-layer.parameters // _most(spec)), layer.channels))
    part = weight[::step]
    # The range of the whole tensor is not that of a part; that of a channel is its own.
    whole = isinstance(spec.granularity, PerTensor)
    qparams = weight_qparams(weight if whole else part, spec, 0)
    actual = fake_quantize_with(part, qparams, spec, 0, evidence)
    return SpecLook(
        effect=effect_with(part, actual, qparams, spec, 0),
        error=weight_histogram(actual - part, ERROR_BINS),
        scales=_scales(qparams),
        values=part.numel(),
        total=layer.parameters,
    )


def _most(spec: QuantSpec) -> int:
    """Weights that are looked at in the time that a person waits."""
    levels = isinstance(spec.format, FloatFormat | CodebookFormat | MxFormat | NvFp4Format)
    if spec.range_method not in ("mse", "msegain"):
        return MAX_SEARCH if levels else MAX_LOOK
    return MAX_LEVEL_SEARCH if levels else MAX_SEARCH


def _scales(qparams: QParams) -> tuple[float, ...]:
    largest = qparams.scale.amax(1)
    return tuple(largest[:: -(-len(largest) // MAX_CHANNELS)].tolist())


def look_at_input(
    made: Subject,
    layer: Layer,
    spec: QuantSpec,
    ranges: Ranges,
    channels: Mapping[str, Extremes] | None = None,
) -> SpecLook:
    """What a spec does to a layer's input; the errors are those of the probe samples.

    Zeros, of which a ReLU leaves many, have none and are left out of the errors.

    Args:
        made: what is analysed.
        layer: whose input is looked at.
        spec: of the input.
        ranges: what calibration saw.
        channels: extremes of the input channels, where they are known.

    Raises:
        OptionError: the input cannot be seen, or has no scale to look at.
    """
    if layer.name not in ranges:
        raise OptionError(f"The input of {layer.name} cannot be seen; look at its weight instead.")
    observed = ranges[layer.name]
    qparams = activation_qparams(observed, spec)
    seen = _probe_input(made, layer)
    if seen.any():
        seen = seen[seen != 0]
    actual = fake_quantize_tensor(seen, qparams, spec.format)
    return SpecLook(
        effect=activation_effect(observed, spec),
        error=weight_histogram(actual - seen, ERROR_BINS),
        scales=(qparams.scale.item(),),
        values=seen.numel(),
        total=observed.count,
        channels=_told(channels[layer.name]) if channels and layer.name in channels else None,
    )


def _told(extremes: Extremes) -> ChannelExtremes:
    low, high = extremes
    step = -(-len(low) // MAX_CHANNELS)
    return ChannelExtremes(len(low), tuple(low[::step].tolist()), tuple(high[::step].tolist()))


def _probe_input(made: Subject, layer: Layer) -> Tensor:
    kept: list[Tensor] = []
    with quiet_inference(made), temporary_hooks() as handles:
        module = made.model.get_submodule(layer.module)
        handles.append(
            module.register_forward_pre_hook(
                lambda _module, args, kwargs: kept.append(
                    (args[0] if args else next(iter(kwargs.values()))).detach().clone()
                ),
                with_kwargs=True,
            )
        )
        call_with(made.model, {}, made.probe)
    return torch.cat([value.flatten() for value in kept])


def alone(made: Subject, layer: Layer, target: Target, spec: QuantSpec) -> Recipe:
    """The recipe that quantises this one tensor and leaves all else in float."""
    config = LayerConfig(weight=spec) if target == "weight" else LayerConfig(activation=spec)
    return Recipe({layer.name: config}, made.name, made.fingerprint)


def trial_samples(made: Subject) -> tuple[int, ...]:
    """Places of at most 64 sweep samples, drawn without replacement, the same each time."""
    total = count_samples(made.parts.sweep)
    drawn = np.random.default_rng(0).permutation(total)[:MAX_TRIAL_SAMPLES]
    return tuple(int(place) for place in np.sort(drawn))


def compare(
    made: Subject,
    layer: Layer,
    target: Target,
    before: QuantSpec,
    after: QuantSpec,
    ranges: Ranges | None = None,
) -> Trial:
    """Measure two specs of one tensor, all else in float, on the same drawn sweep samples.

    Args:
        made: what is analysed.
        layer: whose weight or input is quantised.
        target: which of the two.
        before: one spec.
        after: the other.
        ranges: what calibration saw; None calibrates where it is needed.
    """
    places = trial_samples(made)
    batches = pick_samples(made.parts.sweep, places)
    recipes = [alone(made, layer, target, spec) for spec in (before, after)]
    rows = _divergences(made, recipes, batches, ranges)
    gain, low, high = mean_interval(rows[0] - rows[1])
    if len(places) < 2:
        low = -float("inf")
    return Trial(
        layer=layer.name,
        target=target,
        divergence=made.divergence,
        before=TrialSide(before.label, *mean_interval(rows[0])),
        after=TrialSide(after.label, *mean_interval(rows[1])),
        gain=gain,
        low=low,
        high=high,
        samples=len(places),
        total=count_samples(made.parts.sweep),
    )


def _divergences(
    made: Subject, recipes: Sequence[Recipe], batches: Sequence[Batch], ranges: Ranges | None
) -> list[Floats]:
    """Divergence of each sample from the float output, for each recipe."""
    chunks = list(cut_batches(batches, made.whole(chunk_size(made.layers))))
    with simulated(made, None) as forward:
        outputs = [forward(inputs) for inputs, _ in chunks]
    scale = float(torch.cat([squared_norms(output) for output in outputs]).mean())
    references = [reference_of(made.divergence, output, scale) for output in outputs]
    rows = []
    for recipe in recipes:
        with simulated(made, recipe, ranges=ranges) as forward:
            found = [
                reference.divergence(forward(inputs))
                for reference, (inputs, _) in zip(references, chunks, strict=True)
            ]
        rows.append(np.asarray(torch.cat(found).numpy()))
    return rows
