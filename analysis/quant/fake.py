"""Quantising and fake quantising: real values to codes, and to the values the codes stand for."""

import torch
from torch import Tensor

from analysis.errors import OptionError
from analysis.quant.affine import Grid, working_dtype
from analysis.quant.evidence import LayerEvidence
from analysis.quant.formats import FixedPointFormat, Format, IntFormat
from analysis.quant.gain import group_gain
from analysis.quant.gptq import gptq_rows
from analysis.quant.grouping import Grouping
from analysis.quant.levels import LevelGrid
from analysis.quant.qparams import QParams, checked_weight, weight_qparams
from analysis.quant.scales import grid_of
from analysis.quant.spec import PerChannel, QuantSpec


def quantize_weight(weight: Tensor, spec: QuantSpec, channel_axis: int) -> tuple[Tensor, QParams]:
    """Integer codes of a weight and the qparams that give them meaning.

    Rounds to nearest and corrects no gain: the codes that are stored when no calibration is at
    hand.

    Returns:
        int32 codes from qmin to qmax in the shape of the weight, and qparams (rows, groups).

    Raises:
        ModelError: the weight is empty, NaN or infinite.
        OptionError: the format has no integer codes.
    """
    if not isinstance(spec.format, IntFormat | FixedPointFormat):
        raise OptionError(f"{spec.format.label} has no integer codes; use an integer format.")
    qparams = weight_qparams(weight, spec, channel_axis)
    values = checked_weight(weight)
    grouping = Grouping.of(values, spec.granularity, channel_axis)
    grid = weight_grid(qparams, grouping, spec.format, values.dtype)
    multiples = grid.nearest(grouping.cut(values) / grid.scale).to(torch.int32)
    return grouping.join(multiples + grouping.spread(qparams.zero_point)), qparams


def fake_quantize_weight(
    weight: Tensor, spec: QuantSpec, channel_axis: int, evidence: LayerEvidence | None = None
) -> Tensor:
    """The weight after quantising and dequantising: same shape and dtype, no graph.

    Args:
        weight: any shape and float dtype.
        spec: how; a bias correction changes the bias, not the weight.
        channel_axis: axis of the output channels.
        evidence: of the layer's inputs, for "gptq". Without it, or without a Hessian in it, all
            inputs count as independent and alike, where GPTQ is rounding to nearest.

    Raises:
        ModelError: the weight is empty, NaN or infinite.
        OptionError: the spec is one for activations.
    """
    qparams = weight_qparams(weight, spec, channel_axis)
    return fake_quantize_with(weight, qparams, spec, channel_axis, evidence)


def fake_quantize_with(
    weight: Tensor,
    qparams: QParams,
    spec: QuantSpec,
    channel_axis: int,
    evidence: LayerEvidence | None = None,
) -> Tensor:
    """As `fake_quantize_weight`, with qparams that are given."""
    values = checked_weight(weight)
    grouping = Grouping.of(values, spec.granularity, channel_axis)
    grid = weight_grid(qparams, grouping, spec.format, values.dtype)
    rows = grouping.cut(values)
    if spec.rounding == "gptq" and evidence is not None and evidence.root is not None:
        made = _by_gptq(values, grid, grouping, channel_axis, evidence)
    else:
        made = grid.nearest(rows / grid.scale).mul_(grid.scale)
    if spec.gain_correction or spec.range_method == "msegain":
        largest = torch.finfo(weight.dtype).max
        made = made * grouping.spread(group_gain(rows, made, grouping, largest=largest))
    return grouping.join(made).to(weight.dtype)


def _by_gptq(
    values: Tensor,
    grid: Grid | LevelGrid,
    grouping: Grouping,
    channel_axis: int,
    evidence: LayerEvidence,
) -> Tensor:
    """Rows as `grouping` cuts them, rounded by GPTQ."""
    assert evidence.root is not None
    channels = Grouping.of(values, PerChannel(), channel_axis).cut(values)
    return gptq_rows(channels, grid, evidence.root).reshape(grouping.rows, grouping.length)


def weight_grid(
    qparams: QParams, grouping: Grouping, format: Format, dtype: torch.dtype
) -> Grid | LevelGrid:
    """The grid of a weight, to broadcast against its rows."""
    spread = QParams(grouping.spread(qparams.scale), grouping.spread(qparams.zero_point))
    return grid_of(spread, format, dtype)


def fake_quantize_tensor(x: Tensor, qparams: QParams, format: Format) -> Tensor:
    """An activation after quantising and dequantising: same shape and dtype; NaN stays NaN.

    Not torch's fused operator: it multiplies by a rounded reciprocal of the scale, which differs
    from the definition near ties, and was ten times slower on a CPU (torch 2.13).

    Args:
        x: float tensor of any shape.
        qparams: of shape (), or one that broadcasts.
        format: number format.
    """
    grid = grid_of(qparams, format, working_dtype(x.dtype))
    steps = x.detach().to(grid.scale.dtype) / grid.scale
    return grid.nearest(steps).mul_(grid.scale).to(x.dtype)
