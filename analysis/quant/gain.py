"""Gain correction: what rounding and clipping took from a group's size, given back by its scale."""

import torch
from torch import Tensor

from analysis.quant.grouping import Grouping


def group_gain(rows: Tensor, made: Tensor, grouping: Grouping, *, largest: float) -> Tensor:
    """The factor |w|^2 / <q, w> for each group: with it <q, w> is what <w, w> was.

    Clipped and coarsely rounded groups are shorter along w than w itself; in a deep network the
    factors of the layers multiply (METHODS 3). The factor goes into the scale, so it costs nothing.

    Args:
        rows: the weight as `Grouping.cut` gives it.
        made: the same, quantised.
        grouping: of the weight.
        largest: largest finite number of the weight's own type; nothing is raised beyond it.

    Returns:
        dtype of `rows`, (rows, groups); 1 where a group rounds to zero altogether.
    """
    pairs = zip(grouping.blocks(rows), grouping.blocks(made), strict=True)
    return grouping.gather([_gain(w, q, largest) for w, q in pairs]).to(rows.dtype)


def _gain(group: Tensor, quantised: Tensor, largest: float) -> Tensor:
    peak = group.abs().amax(dim=1, keepdim=True).double()
    unit = torch.where(peak > 0, peak, 1.0)
    w, q = group / unit, quantised / unit
    energy, product = w.square().sum(dim=1), (w * q).sum(dim=1)
    gain = torch.where(product > 0, energy / product, 1.0)
    reach = quantised.abs().amax(dim=1).double()
    limit = torch.where(reach > 0, (1.0 - 2.0**-22) * largest / reach, 1.0)
    return torch.minimum(gain, limit.clamp(min=1.0))
