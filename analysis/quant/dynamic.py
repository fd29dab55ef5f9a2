"""Scales found at run time: each sample of an activation has its own, or each block of channels."""

import torch
from torch import Tensor

from analysis.quant.fake import fake_quantize_tensor, weight_grid
from analysis.quant.formats import Format, MxFormat, NvFp4Format
from analysis.quant.granularity import PerGroup
from analysis.quant.grouping import Grouping
from analysis.quant.qparams import QParams
from analysis.quant.ranges import minmax_range
from analysis.quant.scales import range_qparams
from analysis.quant.spec import QuantSpec


def fake_quantize_as_it_comes(x: Tensor, spec: QuantSpec, channel_axis: int) -> Tensor:
    """An activation by a spec that finds its scales at run time; same shape and dtype.

    Args:
        x: float tensor; a sample is an index of its leading axis.
        spec: one that is `at_run_time`.
        channel_axis: along which the blocks of its format lie.
    """
    if isinstance(spec.format, MxFormat | NvFp4Format):
        return fake_quantize_blocks(x, spec.format, channel_axis)
    return fake_quantize_samples(x, spec.format)


def fake_quantize_samples(x: Tensor, format: Format) -> Tensor:
    """Each sample quantised and dequantised over its own min-max range; NaN stays NaN.

    What a runtime with dynamic activation quantisation does, such as
    `torch.ao.quantization.quantize_dynamic`, but a sample at a time, so that the other samples of a
    batch do not matter.

    Args:
        x: float tensor; a sample is an index of its leading axis.
        format: number format.
    """
    if x.numel() == 0:
        return x
    low, high = torch.aminmax(x.detach().reshape(len(x), -1).double(), dim=1)
    found = range_qparams(low, high, format, largest=torch.finfo(x.dtype).max)
    spread = (-1, *(1,) * (x.dim() - 1))
    qparams = QParams(found.scale.reshape(spread), found.zero_point.reshape(spread))
    return fake_quantize_tensor(x, qparams, format)


def fake_quantize_blocks(x: Tensor, format: MxFormat | NvFp4Format, channel_axis: int) -> Tensor:
    """Runs of channels with a scale of their own, as the format defines it; NaN stays NaN.

    The last block of a position may be shorter. The scale that NVFP4 has for the whole tensor is
    that of the sample.

    Args:
        x: float tensor; a sample is an index of its leading axis.
        format: whose blocks they are.
        channel_axis: of the channels, which the layer sums over.
    """
    if x.numel() == 0:
        return x
    if isinstance(format, MxFormat):
        return _blocks(x.detach(), format, channel_axis)
    samples = [_blocks(one, format, channel_axis) for one in torch.split(x.detach(), 1)]
    return torch.cat(samples)


def _blocks(x: Tensor, format: MxFormat | NvFp4Format, channel_axis: int) -> Tensor:
    last = x.movedim(channel_axis, -1)
    rows = last.reshape(-1, last.shape[-1])
    grouping = Grouping.of(rows, PerGroup(format.block), 0)
    found = [minmax_range(block, format) for block in grouping.blocks(rows)]
    low, high = (grouping.gather([pair[end] for pair in found]) for end in (0, 1))
    qparams = range_qparams(low, high, format, largest=torch.finfo(x.dtype).max)
    work = torch.promote_types(x.dtype, torch.float32)
    grid = weight_grid(qparams, grouping, format, work)
    made = grid.nearest(rows.to(work) / grid.scale).mul_(grid.scale)
    return made.to(x.dtype).reshape(last.shape).movedim(-1, channel_axis).contiguous()
