"""Range methods for weights: which interval of a group's values the codes shall cover."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from analysis.quant.affine import Grid, QParams, affine_qparams
from analysis.quant.spec import IntFormat, RangeMethod

TAIL = 1000
"""A percentile range leaves out one value in `TAIL`: the 99.9 % range."""

SHRINK = tuple(1.0 - 0.02 * step for step in range(36))
"""Shares of the min-max range that the MSE search tries, from 1 down to 0.3."""

TILE = 1 << 16
"""Values worked on at once: small enough for the processor's cache and for any memory."""

LINES = 1 << 12
"""Groups searched at once: bounds the table of all shares of all groups."""

Range = tuple[Tensor, Tensor]
"""Lowest and highest value of each group, float64 of shape (groups,)."""


def minmax_range(groups: Tensor, format: IntFormat) -> Range:
    """From the smallest to the largest value."""
    return groups.amin(dim=1).double(), groups.amax(dim=1).double()


def percentile_range(groups: Tensor, format: IntFormat) -> Range:
    """The 99.9 % range: one value in a thousand is left out.

    Symmetric formats leave out the largest magnitudes, asymmetric ones half of them at each end
    (Wu et al., arXiv 2004.09602, percentile calibration; applied to weights here). Groups too
    small to leave a value out, and those with a single value inside the range (nearly all zeros),
    keep the min-max range.
    """
    low, high = minmax_range(groups, format)
    size = groups.shape[1]
    dropped = size // TAIL if format.symmetric else size // (2 * TAIL)
    if dropped == 0:
        return low, high
    if format.symmetric:
        limit = _ranked(groups.abs(), dropped, largest=True)
        inner = torch.maximum(low, -limit), torch.minimum(high, limit)
    else:
        inner = _ranked(groups, dropped, largest=False), _ranked(groups, dropped, largest=True)
    single = inner[0] == inner[1]
    return torch.where(single, low, inner[0]), torch.where(single, high, inner[1])


def _ranked(groups: Tensor, skipped: int, *, largest: bool) -> Tensor:
    """The extreme value of each group after leaving out `skipped` more extreme ones."""
    return groups.topk(skipped + 1, dim=1, largest=largest).values[:, -1].double()


def mse_range(groups: Tensor, format: IntFormat) -> Range:
    """The share of the min-max range with the least squared error, for each group.

    A grid search over `SHRINK` (Nagel et al., arXiv 2106.08295, section 3.1, mean squared error;
    Choukroun et al., arXiv 1902.06822). Of equal errors the widest range wins.
    """
    lines = min(max(1, TILE // groups.shape[1]), LINES)
    found = [_least_squares(tile, format) for tile in torch.split(groups, lines)]
    return torch.cat([low for low, _ in found]), torch.cat([high for _, high in found])


def _least_squares(groups: Tensor, format: IntFormat) -> Range:
    low, high = minmax_range(groups, format)
    shares = torch.tensor(SHRINK, dtype=torch.float64, device=groups.device)
    tried = affine_qparams(shares[:, None] * low, shares[:, None] * high, format)
    errors = [
        squared_error(groups, QParams(scale, zero_point), format)
        for scale, zero_point in zip(tried.scale, tried.zero_point, strict=True)
    ]
    share = shares[torch.stack(errors).argmin(dim=0)]
    return low * share, high * share


def squared_error(groups: Tensor, qparams: QParams, format: IntFormat) -> Tensor:
    """Sum of the squared rounding and clipping errors of each group.

    Args:
        groups: (groups, size), one group a line.
        qparams: of shape (groups,).
        format: number format.

    Returns:
        float64 of shape (groups,). The error is summed in steps of the scale, so that huge and
        subnormal weights neither overflow nor vanish.
    """
    columns = QParams(qparams.scale.unsqueeze(1), qparams.zero_point.unsqueeze(1))
    grid = Grid.of(columns, format, groups.dtype)
    total = groups.new_zeros(groups.shape[0], dtype=torch.float64)
    for tile in torch.split(groups, TILE, dim=1):
        steps = tile / grid.scale
        error = grid.nearest(steps).sub_(steps)
        total += error.square_().sum(dim=1, dtype=torch.float64)
    return total * qparams.scale.double().square()


RANGE_METHODS: Mapping[RangeMethod, Callable[[Tensor, IntFormat], Range]] = {
    "minmax": minmax_range,
    "percentile": percentile_range,
    "mse": mse_range,
}
