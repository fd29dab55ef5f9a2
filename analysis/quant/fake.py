"""Quantising and fake quantising: real values to codes, and to the values the codes stand for."""

import torch
from torch import Tensor

from analysis.quant.affine import Grid, working_dtype
from analysis.quant.grouping import Grouping
from analysis.quant.qparams import QParams, checked_weight, weight_qparams
from analysis.quant.spec import IntFormat, QuantSpec


def quantize_weight(weight: Tensor, spec: QuantSpec, channel_axis: int) -> tuple[Tensor, QParams]:
    """Integer codes of a weight and the qparams that give them meaning.

    Returns:
        int32 codes from qmin to qmax in the shape of the weight, and qparams (rows, groups).

    Raises:
        ModelError: the weight is empty, NaN or infinite.
    """
    qparams = weight_qparams(weight, spec, channel_axis)
    values = checked_weight(weight)
    grouping = Grouping.of(values, spec.granularity, channel_axis)
    grid = weight_grid(qparams, grouping, spec.format, values.dtype)
    multiples = grid.nearest(grouping.cut(values) / grid.scale).to(torch.int32)
    return grouping.join(multiples + grouping.spread(qparams.zero_point)), qparams


def fake_quantize_weight(weight: Tensor, spec: QuantSpec, channel_axis: int) -> Tensor:
    """The weight after quantising and dequantising: same shape and dtype, no graph.

    Raises:
        ModelError: the weight is empty, NaN or infinite.
    """
    qparams = weight_qparams(weight, spec, channel_axis)
    return fake_quantize_with(weight, qparams, spec, channel_axis)


def fake_quantize_with(
    weight: Tensor, qparams: QParams, spec: QuantSpec, channel_axis: int
) -> Tensor:
    """As `fake_quantize_weight`, with qparams that are given."""
    values = checked_weight(weight)
    grouping = Grouping.of(values, spec.granularity, channel_axis)
    grid = weight_grid(qparams, grouping, spec.format, values.dtype)
    rows = grid.nearest(grouping.cut(values) / grid.scale).mul_(grid.scale)
    return grouping.join(rows).to(weight.dtype)


def weight_grid(
    qparams: QParams, grouping: Grouping, format: IntFormat, dtype: torch.dtype
) -> Grid:
    """The grid of a weight, to broadcast against its rows."""
    spread = QParams(grouping.spread(qparams.scale), grouping.spread(qparams.zero_point))
    return Grid.of(spread, format, dtype)


def fake_quantize_tensor(x: Tensor, qparams: QParams, format: IntFormat) -> Tensor:
    """An activation after quantising and dequantising: same shape and dtype; NaN stays NaN.

    Not torch's fused operator: it multiplies by a rounded reciprocal of the scale, which differs
    from the definition near ties, and was ten times slower on a CPU (torch 2.13).

    Args:
        x: float tensor of any shape.
        qparams: of shape ().
        format: number format.
    """
    grid = Grid.of(qparams, format, working_dtype(x.dtype))
    steps = x.detach().to(grid.scale.dtype) / grid.scale
    return grid.nearest(steps).mul_(grid.scale).to(x.dtype)
