"""From a weight, or from what was seen of an activation, to its scales and zero-points."""

import torch
from torch import Tensor

from analysis.errors import ModelError, OptionError
from analysis.quant.affine import QParams, working_dtype
from analysis.quant.grouping import Grouping
from analysis.quant.observed_ranges import OBSERVED_RANGE_METHODS, ObservedRange
from analysis.quant.observer import Observer
from analysis.quant.ranges import RANGE_METHODS
from analysis.quant.scales import range_qparams
from analysis.quant.shrink_search import Range
from analysis.quant.spec import QuantSpec, check_activation_spec, check_weight_spec

__all__ = ["QParams", "activation_qparams", "checked_weight", "weight_qparams"]


def checked_weight(weight: Tensor) -> Tensor:
    """A weight fit to be quantised, free of any graph and in the dtype to work in.

    Raises:
        ModelError: the weight is empty, NaN or infinite, or holds no real numbers.
    """
    if not weight.is_floating_point():
        raise ModelError(
            f"A weight must hold float numbers, not {weight.dtype}; leave this layer in float."
        )
    if weight.numel() == 0:
        raise ModelError(
            f"A weight must hold at least one number, but its shape is {tuple(weight.shape)}; "
            "remove the layer from the model."
        )
    values = weight.detach().to(working_dtype(weight.dtype))
    low, high = values.aminmax()
    if not bool(low.isfinite() & high.isfinite()):
        bad = int((~values.isfinite()).sum())
        raise ModelError(
            f"Weights must be finite, but {bad:,} of {values.numel():,} are NaN or infinite; "
            "check how the model was trained or loaded."
        )
    return values


def weight_qparams(weight: Tensor, spec: QuantSpec, channel_axis: int) -> QParams:
    """Scales and zero-points of a weight, of shape (rows, groups).

    Args:
        weight: any shape and float dtype.
        spec: its granularity says which weights share a scale: all of them (1, 1), those of one
            output channel (channels, 1), or runs of consecutive ones within a channel.
        channel_axis: axis of the output channels.

    Raises:
        ModelError: the weight is empty, NaN or infinite.
        OptionError: the spec is one for activations.
    """
    check_weight_spec(spec)
    values = checked_weight(weight)
    grouping = Grouping.of(values, spec.granularity, channel_axis)
    low, high = clipped(*group_ranges(grouping.cut(values), grouping, spec), spec.clip)
    return range_qparams(low, high, spec.format, largest=torch.finfo(weight.dtype).max)


def group_ranges(rows: Tensor, grouping: Grouping, spec: QuantSpec) -> Range:
    """What the codes of each group shall cover, before it is clipped; each (rows, groups)."""
    find = RANGE_METHODS[spec.range_method]
    found = [find(block, spec.format) for block in grouping.blocks(rows)]
    low, high = (grouping.gather(list(ends)) for ends in zip(*found, strict=True))
    return low, high


def clipped(low: Tensor, high: Tensor, share: float | Tensor) -> Range:
    """That share of each range; a constant keeps its own, and so comes back exactly."""
    kept = torch.where(low < high, torch.as_tensor(share, dtype=low.dtype), 1.0)
    return kept * low, kept * high


def activation_qparams(observed: Observer, spec: QuantSpec) -> QParams:
    """Scale and zero-point of an activation, of shape (); found once for an observer.

    Raises:
        OptionError: the spec is one for weights, or its range is dynamic.
        ValueError: nothing was observed.
    """
    check_activation_spec(spec)
    if spec.at_run_time:
        raise OptionError(
            f"Dynamic ranges and blocks find their scales when an input comes, so {spec.label!r} "
            "has no scale of its own; choose a range that calibration finds."
        )
    if spec not in observed.qparams:
        ends = torch.tensor(_observed_range(observed, spec), dtype=torch.float64)
        observed.qparams[spec] = range_qparams(ends[0], ends[1], spec.format)
    return observed.qparams[spec]


def _observed_range(observed: Observer, spec: QuantSpec) -> ObservedRange:
    if spec.range_method == "moving":
        return observed.moving_range()
    return OBSERVED_RANGE_METHODS[spec.range_method](observed.density(), spec.format)
