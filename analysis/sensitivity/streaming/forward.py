"""The forward pass: hidden states kept on disk, and what the float model does on the sweep set."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from analysis.divergence import squared_norms
from analysis.sensitivity.cotangents import cotangents
from analysis.sensitivity.draw import Draw
from analysis.sensitivity.float_run import FloatRun, gini_impurity, kept_statistics
from analysis.sensitivity.intervals import metric_value
from analysis.sensitivity.sketch import hash_seed
from analysis.sensitivity.streaming.halves import Half, Head
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
    """Look the tokens up; the table is in memory only meanwhile."""
    table = source.weights.get("model.embed_tokens.weight")
    for sample, tokens in enumerate(torch.split(source.windows.tokens, 1)):
        states.put(state_key(0, sample), F.embedding(tokens, table))


def run_half(source: StreamSource, half: Half, states: HiddenStates) -> None:
    """Pass every sample through one half."""
    module, turn = half.load(source), rotary(source.config, source.windows.tokens.shape[1])
    with torch.no_grad():
        for sample in range(len(source.windows.tokens)):
            x = states.get(state_key(half.number, sample))
            states.put(state_key(half.number + 1, sample), module(x, *turn))


@dataclass(slots=True)
class HeadRun:
    """Gathers the float figures of the samples."""

    statistics: list[Floats] = field(default_factory=list)
    impurity: list[Floats] = field(default_factory=list)
    norms: list[Floats] = field(default_factory=list)

    def add(self, source: StreamSource, sample: int, logits: Tensor) -> None:
        """Take in one sample's logits."""
        target = (
            None if source.windows.targets is None else source.windows.targets[sample : sample + 1]
        )
        self.statistics.append(kept_statistics(source.windows.metric, logits, target, logits))
        self.impurity.append(gini_impurity("kl", logits))
        self.norms.append(squared_norms(logits).numpy())

    def found(self, source: StreamSource, columns: int) -> FloatRun:
        """The figures of all samples."""
        rows = np.concatenate(self.statistics)
        metric = source.windows.metric if rows.shape[1] else None
        return FloatRun(
            reference={metric.name: metric_value(metric, rows)} if metric else {},
            scale=float(np.concatenate(self.norms).mean()),
            impurity=np.concatenate(self.impurity),
            columns=columns,
        )


def run_head(source: StreamSource, head: Head, last: int, states: HiddenStates) -> FloatRun:
    """What the float model does: its metric, and where it is unsure."""
    run = HeadRun()
    with torch.no_grad():
        for sample in range(len(source.windows.tokens)):
            logits = head(states.get(state_key(last, sample)))
            run.add(source, sample, logits)
    return run.found(source, source.windows.tokens.shape[1] * source.config.vocabulary)


def start_gradients(
    head: Head, last: int, draw: Draw, plan: tuple[int, int], states: HiddenStates
) -> Iterator[int]:
    """Keep the gradient of each direction at the last half's output, for each drawn sample.

    Args:
        head: in memory.
        last: number of the state that the head reads.
        draw: the samples of the sketch.
        plan: directions a sample, and the seed of the random signs.
        states: where both are kept.

    Yields:
        The place of the sample that is done.
    """
    directions, seed = plan
    for row, (sample, weight) in enumerate(zip(draw.indices, draw.weights, strict=True)):
        x = states.get(state_key(last, int(sample))).requires_grad_()
        with torch.enable_grad():
            logits = head(x)
        root = torch.from_numpy(np.sqrt([weight])).to(logits.dtype).reshape(1, 1, 1)
        for direction in range(directions):
            v = cotangents("kl", logits.detach(), 1.0, hash_seed(seed, row, direction))
            v *= root
            with torch.enable_grad():
                loss = (logits * v).sum()
            (found,) = torch.autograd.grad(loss, x, retain_graph=direction + 1 < directions)
            states.put(gradient_key(row, direction), found)
        yield row
