"""Scores of attention heads from one sketch: u = <G, dW> is a sum over the slices of the heads.

As in `analysis.sensitivity.sketch`, one backward of z'v gives G = d(z'v)/dW for every projection.
The first-order output shift of one head's error is the sum of G * dW over that head's slice, and
half its mean square is the second-order divergence of quantising that slice alone. All heads of all
layers cost what the sketch of one layer costs. Samples are drawn evenly, so no float run is needed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from analysis.divergence import squared_norms
from analysis.errors import ModelError
from analysis.quant.spec import QuantSpec
from analysis.sensitivity.cotangents import cotangents
from analysis.sensitivity.heads.projections import Projection, find_projections
from analysis.sensitivity.heads.values import HeadRow, HeadScores
from analysis.sensitivity.sketch import hash_seed
from analysis.sensitivity.weight_cache import WeightCache
from analysis.simulate.substitution import quiet_inference, substituted
from analysis.workloads.parts import count_samples, cut_batches, pick_samples, samples_in
from analysis.workloads.subject import Subject
from analysis.workloads.workload import Batch, call_model

Floats = NDArray[np.float64]

ROWS = 256
"""Runs wanted, each with a direction of its own: a figure scatters by sqrt(2 / ROWS) or more."""

SECONDS = 30.0
"""No sample begins after so long; a small model is done in a fraction of it."""


def head_scores(
    made: Subject, spec: QuantSpec, *, seed: int = 0, seconds: float = SECONDS
) -> HeadScores:
    """What each head's slice of each projection would cost at a spec, estimated.

    Args:
        made: the model and its data.
        spec: of the weights; its bias correction is left out, since it belongs to no head.
        seed: of the draw and the directions.
        seconds: no sample begins after so long.

    Raises:
        ModelError: no heads are known, or the model has no backward.
    """
    projections, left_out = find_projections(made)
    plain = spec.without_bias_correction()
    weights = _Weights.of(made, projections, plain)
    shifts, samples, norm = _shifts(made, projections, weights, seed, seconds)
    unit = norm if made.divergence == "mse" else 1.0
    values = [0.5 * rows**2 / unit for rows in shifts]
    return HeadScores(
        label=plain.label,
        kind=made.divergence,
        samples=samples,
        total=count_samples(made.parts.sweep),
        error=_error(values),
        rows=tuple(
            HeadRow(p.attention, p.layer.name, p.part, tuple(rows.mean(0).tolist()))
            for p, rows in zip(projections, values, strict=True)
        ),
        left_out=left_out,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """The weights that hold heads, by layer name.

    Attributes:
        leaves: copies with a gradient.
        errors: quantised less float weight.
        params: full parameter names of the leaves.
    """

    leaves: Mapping[str, Tensor]
    errors: Mapping[str, Tensor]
    params: Mapping[str, Tensor]

    @classmethod
    def of(cls, made: Subject, projections: Sequence[Projection], spec: QuantSpec) -> "_Weights":
        cache, leaves, errors, params = WeightCache(made), {}, {}, {}
        for layer in {p.layer.name: p.layer for p in projections}.values():
            weight = made.model.get_parameter(layer.param).detach()
            errors[layer.name] = cache.get(layer, spec).weight - weight
            leaves[layer.name] = params[layer.param] = weight.clone().requires_grad_()
        return cls(leaves, errors, params)


def _shifts(
    made: Subject, projections: Sequence[Projection], weights: _Weights, seed: int, seconds: float
) -> tuple[list[Floats], int, float]:
    """Of each projection (rows, heads); the samples run, and the mean squared norm of outputs."""
    count = min(count_samples(made.parts.sweep), ROWS)
    leaves = tuple(weights.leaves.values())
    rows: list[list[Tensor]] = [[] for _ in projections]
    runs, norm = 0, 0.0
    end = time.monotonic() + seconds
    with quiet_inference(made), torch.enable_grad(), substituted(made.model, weights.params):
        for number, batch in enumerate(_again(_drawn(made, count, seed), made.batch or 1)):
            if runs and time.monotonic() > end:
                break
            output = _output(made, batch)
            norm += float(squared_norms(output.detach()).sum())
            runs += samples_in(batch)
            v = cotangents(made.divergence, output.detach(), 1.0, hash_seed(seed, number, 0))
            found = torch.autograd.grad((output * v).sum(), leaves, allow_unused=True)
            of = dict(zip(weights.leaves, found, strict=True))
            for place, one in zip(rows, projections, strict=True):
                name = one.layer.name
                effect = _by_head(one, of[name], weights.errors[name])
                place.append(effect / samples_in(batch) ** 0.5)
    return [torch.stack(found).numpy() for found in rows], min(runs, count), norm / runs


def _drawn(made: Subject, count: int, seed: int) -> tuple[Batch, ...]:
    order = np.random.default_rng(seed).permutation(count_samples(made.parts.sweep))
    return pick_samples(made.parts.sweep, order[:count].tolist())


def _again(drawn: Sequence[Batch], size: int) -> Iterator[Batch]:
    """The samples in batches, over and over until there are enough rows."""
    rows = 0
    while rows < ROWS:
        for batch in cut_batches(drawn, size):
            rows += 1
            yield batch


def _output(made: Subject, batch: Batch) -> Tensor:
    output = made.take(call_model(made.model, batch[0]))
    if not output.requires_grad:
        raise ModelError(
            "Scores of heads need a backward pass from the output to the projections, and this "
            "model has none; look at whole layers instead."
        )
    return output


def _by_head(one: Projection, gradient: Tensor | None, error: Tensor) -> Tensor:
    """First-order output shift of each head's slice, float64 (heads,)."""
    if gradient is None:
        return torch.zeros(one.heads, dtype=torch.float64)
    product = (gradient * error).movedim(one.axis, 0)
    rows = product.reshape(len(product), -1).double().sum(1)
    places = torch.tensor(one.starts)[:, None] + torch.arange(one.width)
    return rows[places].sum(1)


def _error(values: Sequence[Floats]) -> float:
    """Median over heads of the standard error of the mean, as a share of the mean."""
    shares = []
    for rows in values:
        mean = rows.mean(0)
        known = mean > 0
        deviation = rows.std(0, ddof=1) if len(rows) > 1 else np.full_like(mean, np.inf)
        shares += (deviation[known] / len(rows) ** 0.5 / mean[known]).tolist()
    return float(np.median(shares)) if shares else 0.0
