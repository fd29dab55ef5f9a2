"""What a weight or an activation looks like, and what one spec does to it."""

from dataclasses import replace
from math import inf, log10

import torch
from torch import Tensor

from analysis.quant.affine import Grid, QParams
from analysis.quant.criteria import TILE
from analysis.quant.evidence import LayerEvidence
from analysis.quant.fake import fake_quantize_with, weight_grid
from analysis.quant.grid_error import grid_error
from analysis.quant.grouping import Grouping
from analysis.quant.levels import LevelGrid
from analysis.quant.observer import FAR, Observer
from analysis.quant.qparams import activation_qparams, checked_weight, weight_qparams
from analysis.quant.scales import grid_of
from analysis.quant.spec import QuantSpec
from analysis.quant.stats import Histogram, SpecEffect, TensorStats

MAX_GRID = 256
"""More values than this cannot be told apart in a picture."""


def _observed(weight: Tensor) -> Observer:
    observer = Observer()
    observer.update(checked_weight(weight))
    return observer


def weight_histogram(weight: Tensor, bins: int = 256) -> Histogram:
    """Exact counts of a weight over at most `bins` equal bins (see `Observer.histogram`).

    Raises:
        ModelError: the weight is empty, NaN or infinite.
    """
    return _observed(weight).histogram(bins)


def weight_stats(weight: Tensor) -> TensorStats:
    """Moments and extremes of a weight; its outliers are counted one by one.

    Raises:
        ModelError: the weight is empty, NaN or infinite.
    """
    stats = _observed(weight).stats()
    distance = (checked_weight(weight) - stats.mean).abs_()
    outliers = int((distance > FAR * stats.std).sum())
    return replace(stats, outliers=outliers / stats.count)


def weight_effect(
    weight: Tensor,
    spec: QuantSpec,
    channel_axis: int,
    evidence: LayerEvidence | None = None,
    lookups: Tensor | None = None,
) -> SpecEffect:
    """What a spec does to a weight.

    `clipped` counts values beyond the grid by more than the half step of rounding; `grid` is that
    of the group with the largest scale, before any gain correction. `evidence` as in
    `fake_quantize_weight`; `lookups` how often each row of a table is read, (rows,).

    Raises:
        ModelError: the weight is empty, NaN or infinite.
    """
    qparams = weight_qparams(weight, spec, channel_axis)
    actual = fake_quantize_with(weight, qparams, spec, channel_axis, evidence)
    found = effect_with(weight, actual, qparams, spec, channel_axis)
    if lookups is None or not bool(lookups.any()):
        return found
    return replace(found, looked_up_db=looked_up_sqnr(weight.detach(), actual, lookups))


def looked_up_sqnr(weight: Tensor, actual: Tensor, lookups: Tensor) -> float:
    """SQNR in dB of what a table hands out: each row counts as often as it is read.

    Args:
        weight: (rows, columns).
        actual: quantised, same shape.
        lookups: times each row is read, (rows,).
    """
    signal = noise = 0.0
    step = max(1, TILE // weight.shape[1])
    parts = (torch.split(tensor, step) for tensor in (weight, actual, lookups))
    for x, x_hat, times in zip(*parts, strict=True):
        exact = x.double()
        signal += (times * exact.square().sum(1)).sum().item()
        noise += (times * (exact - x_hat).square().sum(1)).sum().item()
    return _sqnr_db(signal, noise)


def effect_with(
    weight: Tensor, actual: Tensor, qparams: QParams, spec: QuantSpec, channel_axis: int
) -> SpecEffect:
    """As `weight_effect`, of a weight that is quantised already, with the qparams it took."""
    signal, noise = _energies(weight.detach(), actual)
    values = checked_weight(weight)
    grouping = Grouping.of(values, spec.granularity, channel_axis)
    grid = weight_grid(qparams, grouping, spec.format, values.dtype)
    clipped = int(grid.clipped(grouping.cut(values) / grid.scale).sum())
    widest = int(qparams.scale.argmax())
    shown = QParams(qparams.scale.flatten()[widest], qparams.zero_point.flatten()[widest])
    return SpecEffect(
        spec=spec,
        sqnr_db=_sqnr_db(signal, noise),
        clipped=clipped / values.numel(),
        scale=(qparams.scale.min().item(), qparams.scale.max().item()),
        grid=_grid_values(grid_of(shown, spec.format, torch.float32)),
    )


def activation_effect(observer: Observer, spec: QuantSpec) -> SpecEffect:
    """What a spec does to an activation, estimated from its histogram.

    The noise is what is expected when the values of a bin are spread evenly over it.

    Raises:
        OptionError: the granularity is not per-tensor.
        ValueError: nothing was observed.
    """
    qparams = activation_qparams(observer, spec)
    density = observer.density()
    grid = grid_of(qparams, spec.format, torch.float64)
    outside = density.below(grid.limits[0]) + density.above(grid.limits[1])
    return SpecEffect(
        spec=spec,
        sqnr_db=_sqnr_db(observer.energy(), grid_error(density, grid)),
        clipped=outside / observer.count,
        scale=(grid.scale.item(), grid.scale.item()),
        grid=_grid_values(grid_of(qparams, spec.format, torch.float32)),
    )


def _energies(reference: Tensor, actual: Tensor) -> tuple[float, float]:
    """Sums of x^2 and of (x - x_hat)^2 in float64, a tile at a time."""
    signal = noise = 0.0
    pairs = (torch.split(tensor.reshape(-1), TILE) for tensor in (reference, actual))
    for x, x_hat in zip(*pairs, strict=True):
        exact = x.double()
        signal += exact.square().sum().item()
        noise += (exact - x_hat).square_().sum().item()
    return signal, noise


def _sqnr_db(signal: float, noise: float) -> float:
    return 10.0 * log10(signal / noise) if noise else inf


def _grid_values(grid: Grid | LevelGrid) -> tuple[float, ...]:
    """Values of the codes; of more than `MAX_GRID`, as many spread evenly with both ends."""
    if isinstance(grid, LevelGrid):
        return tuple(value * grid.scale.item() for value in grid.format.values)
    first, last = int(grid.first), int(grid.last)
    count = min(MAX_GRID, last - first + 1)
    multiples = torch.linspace(first, last, count, dtype=torch.float64).round().float()
    return tuple((multiples * grid.scale).tolist())
