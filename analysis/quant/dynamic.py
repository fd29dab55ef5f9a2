"""Ranges found at run time: each sample of an activation has its own."""

import torch
from torch import Tensor

from analysis.quant.fake import fake_quantize_tensor
from analysis.quant.formats import Format
from analysis.quant.qparams import QParams
from analysis.quant.scales import range_qparams


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
