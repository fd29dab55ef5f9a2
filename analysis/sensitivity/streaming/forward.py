"""The forward pass: hidden states kept on disk, and what the float model does on the sweep set."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from analysis.metrics import SummedMetric, statistics_rows
from analysis.sensitivity.cotangents import cotangents, in_pieces
from analysis.sensitivity.draw import Draw
from analysis.sensitivity.float_run import gini_impurity
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.sketch import hash_seed
from analysis.sensitivity.streaming.halves import Half
from analysis.sensitivity.streaming.head import Head
from analysis.sensitivity.streaming.hidden import HiddenStates
from analysis.sensitivity.streaming.source import StreamSource
from analysis.workloads.decoder.net import rotary

Floats = NDArray[np.float64]


def state_key(half: int, sample: int) -> str:
    """Where the input of a half is kept."""
    return f"state-{half}-{sample}"


def gradient_key(row: int, direction: int) -> str:
    """Where the gradient that reached a half's output is kept."""
    return f"gradient-{row}-{direction}"


def embed(source: StreamSource, states: HiddenStates) -> None:
    """Look the tokens up; of the table only the rows that are asked for are kept."""
    wanted, places = torch.unique(source.windows.tokens, return_inverse=True)
    kept = torch.empty(len(wanted), source.config.width)
    for start, rows in source.weights.pieces("model.embed_tokens.weight"):
        here = (wanted >= start) & (wanted < start + len(rows))
        kept[here] = rows[wanted[here] - start]
    for sample, window in enumerate(torch.split(places, 1)):
        states.put(state_key(0, sample), F.embedding(window, kept))


def run_half(source: StreamSource, half: Half, states: HiddenStates) -> None:
    """Pass every sample through one half."""
    module, turn = half.load(source), rotary(source.config, source.windows.tokens.shape[1])
    with torch.no_grad():
        for sample in range(len(source.windows.tokens)):
            x = states.get(state_key(half.number, sample))
            states.put(state_key(half.number + 1, sample), module(x, *turn))


@dataclass(frozen=True, slots=True, eq=False)
class HeadRun:
    """What the float model does.

    Attributes:
        reference: metric name to value; empty without a metric or targets.
        impurity: Gini impurity of each sample's output, as in `FloatRun`.
    """

    reference: dict[str, float]
    impurity: Floats


def run_head(head: Head, last: int, states: HiddenStates) -> HeadRun:
    """Run the head on every sample: the metric, and where the float model is unsure."""
    source = head.source
    metric, targets = source.windows.metric, source.windows.targets
    impurity, rows = torch.empty(len(source.windows.tokens), dtype=torch.float64), []
    for sample in range(len(impurity)):
        logits = head.logits(states.get(state_key(last, sample))).squeeze(0)
        impurity[sample] = _impurity(logits)
        if metric is not None and targets is not None:
            rows.append(_statistics(metric, logits, targets[sample]))
    reference = {metric.name: metric_value(metric, np.stack(rows))} if metric and rows else {}
    return HeadRun(reference, impurity.numpy())


def _impurity(logits: Tensor) -> Tensor:
    """Mean over the positions of (positions, vocabulary)."""
    # Made before the loop: a list of small results would lie in the gaps of the large ones.
    found = torch.empty(len(logits), dtype=torch.float64)
    start = 0
    for rows in in_pieces(logits):
        found[start : start + len(rows)] = torch.from_numpy(gini_impurity("kl", rows))
        start += len(rows)
    return found.mean()


def _statistics(metric: SummedMetric, logits: Tensor, targets: Tensor) -> Floats:
    """One sample's row, (columns,): the sum of those of its positions."""
    pieces = in_pieces(logits)
    wanted = torch.split(targets, [len(piece) for piece in pieces])
    found = (statistics_rows(metric, x, y, x).sum(0) for x, y in zip(pieces, wanted, strict=True))
    return np.asarray(sum(found))


def start_gradients(
    head: Head, last: int, draw: Draw, plan: tuple[int, int], states: HiddenStates
) -> None:
    """Keep the gradient of each direction at the last half's output, for each drawn sample.

    Args:
        head: of the decoder.
        last: number of the state that the head reads.
        draw: the samples of the sketch.
        plan: directions a sample, and the seed of the random signs.
        states: where both are kept.
    """
    directions, seed = plan
    for row, (sample, weight) in enumerate(zip(draw.indices, draw.weights, strict=True)):
        x = states.get(state_key(last, int(sample)))
        logits = head.logits(x)
        root = torch.from_numpy(np.sqrt([weight])).to(logits.dtype).reshape(1, 1, 1)
        for direction in range(directions):
            v = cotangents("kl", logits, 1.0, hash_seed(seed, row, direction))
            states.put(gradient_key(row, direction), head.gradient(x, v.mul_(root)))
            del v  # as large as the logits; the next one is made before this would go
