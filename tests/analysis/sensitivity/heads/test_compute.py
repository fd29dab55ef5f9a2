"""Scores of heads against the naive loop: one slice quantised, a whole forward of every sample."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.divergence import reference_of
from analysis.quant.fake import fake_quantize_weight
from analysis.quant.spec import WEIGHT_SPEC, QuantSpec
from analysis.sensitivity.heads.compute import head_scores
from analysis.sensitivity.heads.projections import Projection, find_projections
from analysis.sensitivity.heads.values import HeadScores
from analysis.simulate.substitution import call_with, quiet_inference
from analysis.workloads.decoder.net import Decoder
from analysis.workloads.subject import Subject, subject
from analysis.workloads.workload import Workload
from tests.decoders import TINY
from tests.nets import make_workload

WORST, MEDIAN = 2.5, 1.2
"""Factors allowed: a figure of 256 directions scatters by about 12 %, a single one by more."""


class Fused(nn.Module):
    """One block of attention with a fused matrix; the block knows its heads."""

    def __init__(self, width: int = 16, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.tokens = nn.Embedding(11, width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.head = nn.Linear(width, 11)
        # heads of very different use, or their order would be chance
        with torch.no_grad():
            self.out.weight *= torch.tensor([4.0, 2.0, 1.0, 0.5]).repeat_interleave(width // heads)

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.tokens(tokens)
        parts = self.qkv(x).chunk(3, -1)
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in parts)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.head(x + self.out(mixed.transpose(1, 2).flatten(2)))


def of_tokens(build: Callable[[], nn.Module], vocabulary: int) -> Workload:
    torch.manual_seed(0)
    model = build().eval()
    draw = [(torch.randint(0, vocabulary, (96, 6)), None)]
    return Workload(name="tokens", model=model, calibration=draw, sweep=draw, evaluation=draw)


SMALL = replace(TINY, blocks=2)


def decoder() -> nn.Module:
    model = Decoder(SMALL)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.3)
    return model


def naive(made: Subject, one: Projection, spec: QuantSpec) -> list[float]:
    """The divergence of each head's slice quantised alone, on the whole sweep set."""
    weight = made.model.get_parameter(one.layer.param).detach()
    rounded = fake_quantize_weight(weight, spec, one.layer.channel_axis)
    ((inputs, _),) = made.parts.sweep
    found = []
    with quiet_inference(made):
        exact = reference_of(made.divergence, made.take(call_with(made.model, {}, inputs)), 1.0)
        for head in range(one.heads):
            changed = weight.clone()
            place = (one.axis, one.starts[head], one.width)
            changed.narrow(*place).copy_(rounded.narrow(*place))
            output = made.take(call_with(made.model, {one.layer.param: changed}, inputs))
            found.append(float(exact.divergence(output).mean()))
    return found


@pytest.mark.parametrize("build", [Fused, decoder])
def test_scores_are_those_of_the_naive_loop(build: Callable[[], nn.Module]) -> None:
    made, spec = subject(of_tokens(build, 11)), WEIGHT_SPEC.with_bits(6)
    scores = head_scores(made, spec)
    pairs = []
    for row, one in zip(scores.rows, find_projections(made)[0], strict=True):
        assert (row.layer, row.part) == (one.layer.name, one.part)
        pairs += list(zip(row.divergence, naive(made, one, spec), strict=True))
    ours, exact = zip(*pairs, strict=True)
    ratios = np.array(ours) / np.array(exact)
    assert (np.abs(np.log(ratios)) < np.log(WORST)).all()
    assert 1 / MEDIAN < np.median(ratios) < MEDIAN
    assert spearmanr(ours, exact).statistic > 0.95
    assert (scores.samples, scores.total) == (96, 96)
    assert 0.05 < scores.error < 0.2


def parts(scores: HeadScores) -> dict[tuple[str, str], int]:
    return {(row.attention, row.part): len(row.divergence) for row in scores.rows}


def test_heads_of_keys_that_are_shared_are_counted_as_they_are() -> None:
    made = subject(of_tokens(decoder, 11))
    scores = head_scores(made, WEIGHT_SPEC.with_bits(4), seconds=0.0)
    found = parts(scores)
    assert len(found) == 4 * SMALL.blocks
    assert found["model.layers.0.self_attn", "q"] == SMALL.heads == 4
    assert found["model.layers.0.self_attn", "k"] == SMALL.key_heads == 2
    assert found["model.layers.0.self_attn", "o"] == 4
    assert scores.parts == ("q", "k", "v", "o")


def test_torch_attention_has_its_heads() -> None:
    scores = head_scores(subject(make_workload("encoder")), WEIGHT_SPEC.with_bits(4))
    assert set(parts(scores).values()) == {2}
    assert len(scores.rows) == 8


def test_figures_are_the_same_for_a_seed_and_fewer_samples_are_told() -> None:
    made = subject(of_tokens(Fused, 11))
    spec = WEIGHT_SPEC.with_bits(4)
    assert head_scores(made, spec) == head_scores(made, spec)
    short = head_scores(made, spec, seconds=0.0)
    assert 0 < short.samples < short.total


def test_a_wider_weight_hurts_less() -> None:
    made = subject(of_tokens(Fused, 11))
    coarse, fine = (head_scores(made, WEIGHT_SPEC.with_bits(bits)) for bits in (3, 6))
    for before, after in zip(coarse.rows, fine.rows, strict=True):
        assert sum(after.divergence) < sum(before.divergence)
