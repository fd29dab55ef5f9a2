"""What ever fewer bits for one layer do to one real sample: its picture, and the net's answer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from analysis.experiment import alone
from analysis.layers import Layer
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.points import Target
from analysis.simulate.calibration import Ranges
from analysis.simulate.simulated import simulated
from analysis.trials import OutputKind, WidthRow, WidthStrip
from analysis.workloads.data.words import Decode
from analysis.workloads.hooks import temporary_hooks
from analysis.workloads.parts import count_samples, pick_samples
from analysis.workloads.sample_words import token_word
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Inputs

MAX_SIDE = 28
LEVELS = 255
MAX_TOKENS = 24
"""Positions whose next token is shown, counted from the end."""


def width_strip(
    made: Subject,
    layer: Layer,
    specs: Sequence[QuantSpec],
    sample: int,
    *,
    target: Target = "weight",
    ranges: Ranges | None = None,
) -> WidthStrip:
    """Run one sweep sample in float, then with this layer's weight or input quantised by each spec.

    Args:
        made: what is analysed.
        layer: the one that is quantised.
        specs: from many bits to few.
        sample: place in the sweep set, taken modulo its size.
        target: which of the two.
        ranges: what calibration saw; None calibrates where it is needed.
    """
    samples = count_samples(made.parts.sweep)
    inputs, label = pick_samples(made.parts.sweep, [sample % samples])[0]
    seen: list[tuple[Tensor | None, Tensor]] = []
    for spec in (None, *specs):
        recipe = None if spec is None else alone(made, layer, target, spec)
        with simulated(made, recipe, ranges=ranges) as forward, temporary_hooks() as handles:
            kept: list[Tensor] = []
            handles.append(
                made.model.get_submodule(layer.module).register_forward_hook(_keeper(kept))
            )
            output = forward(inputs)
        seen.append((kept[0] if kept else None, output))
    kind = _kind(made, seen[0][1])
    picture, words = _view(seen[0][0])
    return WidthStrip(
        layer=layer.name,
        sample=sample % samples,
        samples=samples,
        kind=kind,
        seen=words,
        classes=(),
        given=_given(inputs, kind),
        target=_class(label),
        rows=tuple(
            _row(spec, picture, feature, seen[0], output, kind)
            for spec, (feature, output) in zip((None, *specs), seen, strict=True)
        ),
    )


def in_words(strip: WidthStrip, decode: Decode) -> WidthStrip:
    """The same with its tokens as people read them.

    `classes` names those tokens alone that occur, so they are numbered anew: a vocabulary is large.
    """
    answers = (token for row in strip.rows for token in row.answers)
    used = sorted({*strip.given, *answers})
    numbers = {token: number for number, token in enumerate(used)}
    return replace(
        strip,
        classes=tuple(token_word(token, decode) for token in used),
        given=tuple(numbers[token] for token in strip.given),
        rows=tuple(
            replace(row, answers=tuple(numbers[token] for token in row.answers))
            for row in strip.rows
        ),
    )


def _class(label: Tensor | None) -> int | None:
    """The class of one sample; None where its target is no class."""
    if label is None or label.is_floating_point() or label[0].numel() != 1:
        return None
    return int(label[0])


def _given(inputs: Inputs, kind: OutputKind) -> tuple[int, ...]:
    """The tokens that the shown answers follow, one each; nothing for other inputs."""
    first = inputs if isinstance(inputs, Tensor) else next(iter(_tensors(inputs)))
    if kind != "tokens" or first.is_floating_point():
        return ()
    return tuple(first[0].flatten()[-MAX_TOKENS:].tolist())


def _tensors(inputs: tuple[Tensor, ...] | Mapping[str, Tensor]) -> Iterable[Tensor]:
    return inputs.values() if isinstance(inputs, Mapping) else inputs


def _keeper(kept: list[Tensor]) -> "_Keep":
    return _Keep(kept)


class _Keep:
    """A forward hook that keeps the first tensor a module returns."""

    def __init__(self, kept: list[Tensor]) -> None:
        self.kept = kept

    def __call__(self, _module: object, _args: object, output: object) -> None:
        first = output[0] if isinstance(output, tuple) else output
        if isinstance(first, Tensor) and first.is_floating_point():
            self.kept.append(first.detach()[0].float().clone())


def _kind(made: Subject, output: Tensor) -> OutputKind:
    if made.divergence == "mse":
        return "values"
    return "classes" if output.dim() == 2 else "tokens"


View = tuple[int | None, float, float]
"""Channel (None for the whole output), and the values of the darkest and the brightest level."""


def _view(feature: Tensor | None) -> tuple[View, str]:
    """Which part of a layer's output to show: the channel that varies most, in the float run."""
    if feature is None or feature.numel() == 0:
        return (None, 0.0, 1.0), "nothing: the module returned no tensor"
    channel = None
    words = f"{feature.numel():,} outputs"
    if feature.dim() >= 3:
        channel = int(feature.flatten(1).var(1).argmax())
        words = f"channel {channel} of {len(feature)}"
    elif feature.dim() == 2:
        words = f"{len(feature)} positions x {feature.shape[1]:,} outputs"
    shown = _small(feature, channel)
    return (channel, shown.min().item(), shown.max().item()), words


def _small(feature: Tensor, channel: int | None) -> Tensor:
    """The shown part as a matrix of at most 28 x 28, averaged down."""
    part = feature if channel is None else feature[channel]
    if part.dim() > 2:
        part = part.flatten(1)
    if part.dim() < 2:
        flat = part.flatten()
        width = min(MAX_SIDE, len(flat))
        part = F.pad(flat, (0, -len(flat) % width)).reshape(-1, width)
    size = (min(part.shape[0], MAX_SIDE), min(part.shape[1], MAX_SIDE))
    small: Tensor = F.adaptive_avg_pool2d(part[None, None], size)[0, 0]
    return small


def _picture(feature: Tensor | None, view: View) -> tuple[tuple[int, ...], ...]:
    channel, low, high = view
    if feature is None:
        return ()
    share = (_small(feature, channel) - low) / (high - low if high > low else 1.0)
    levels = (share.clamp(0, 1) * LEVELS).round().to(torch.int64)
    return tuple(tuple(row) for row in levels.tolist())


def _row(
    spec: QuantSpec | None,
    view: View,
    feature: Tensor | None,
    reference: tuple[Tensor | None, Tensor],
    output: Tensor,
    kind: OutputKind,
) -> WidthRow:
    first = output[0].double()
    exact = reference[1][0].double()
    answers: tuple[int, ...] = ()
    probability = 0.0
    if kind != "values":
        logits = first.reshape(-1, first.shape[-1])[-MAX_TOKENS:]
        answers = tuple(logits.argmax(-1).tolist())
        probability = logits[0].softmax(-1).max().item()
    norm = exact.norm().item()
    return WidthRow(
        label=None if spec is None else spec.label,
        bits=None if spec is None else spec.bits,
        picture=_picture(feature, view),
        answers=answers,
        probability=probability,
        error=(first - exact).norm().item() / norm if norm else 0.0,
    )
