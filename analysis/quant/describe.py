"""What a weight or an activation looks like, and what one spec does to it."""

from dataclasses import replace
from math import inf, log10

import numpy as np
import torch
from torch import Tensor

from analysis.quant.affine import Grid, QParams
from analysis.quant.fake import fake_quantize_with, weight_grid
from analysis.quant.grouping import Grouping
from analysis.quant.observer import FAR, Observer
from analysis.quant.qparams import activation_qparams, checked_weight, weight_qparams
from analysis.quant.ranges import TILE
from analysis.quant.spec import IntFormat, QuantSpec
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


def weight_effect(weight: Tensor, spec: QuantSpec, channel_axis: int) -> SpecEffect:
    """What a spec does to a weight.

    `clipped` counts values beyond the grid by more than the half step of rounding; `grid` is that
    of the group with the largest scale.

    Raises:
        ModelError: the weight is empty, NaN or infinite.
    """
    qparams = weight_qparams(weight, spec, channel_axis)
    actual = fake_quantize_with(weight, qparams, spec, channel_axis)
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
        grid=_grid_values(shown, spec.format),
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
    grid = Grid.of(qparams, spec.format, torch.float64)
    scale, first, last = (np.array([x.item()]) for x in (grid.scale, grid.first, grid.last))
    noise = float(density.squared_error(scale, first, last)[0])
    outside = density.below(float(scale[0] * (first[0] - 0.5)))
    outside += density.above(float(scale[0] * (last[0] + 0.5)))
    return SpecEffect(
        spec=spec,
        sqnr_db=_sqnr_db(observer.energy(), noise),
        clipped=outside / observer.count,
        scale=(float(scale[0]), float(scale[0])),
        grid=_grid_values(qparams, spec.format),
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


def _grid_values(qparams: QParams, format: IntFormat) -> tuple[float, ...]:
    """Values of the codes; of more than `MAX_GRID`, as many spread evenly with both ends."""
    count = min(MAX_GRID, format.qmax - format.qmin + 1)
    codes = torch.linspace(format.qmin, format.qmax, count, dtype=torch.float64).round()
    values = (codes - qparams.zero_point).float() * qparams.scale
    return tuple(values.tolist())
