"""How much a grid hurts each group of a weight: what the range searches make least."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from analysis.quant.affine import QParams
from analysis.quant.formats import Format
from analysis.quant.scales import grid_of

TILE = 1 << 16
"""Values worked on at once: small enough for the processor's cache and for any memory."""

Criterion = Callable[[Tensor, QParams, Format, Tensor | None], Tensor]
"""Groups, qparams of shape (groups,), format and how often each value counts (None: once)."""


def squared_error(
    groups: Tensor, qparams: QParams, format: Format, counts: Tensor | None = None
) -> Tensor:
    """Sum of the squared rounding and clipping errors of each group.

    Args:
        groups: (groups, size), one group a line.
        qparams: of shape (groups,).
        format: number format.
        counts: how often each value occurs, shape of `groups`; None is once.

    Returns:
        float64 of shape (groups,). The error is summed in steps of the scale, so that huge and
        subnormal weights neither overflow nor vanish.
    """
    total = groups.new_zeros(groups.shape[0], dtype=torch.float64)
    for steps, levels, weights in _rounded_tiles(groups, qparams, format, counts):
        total += _sum(levels.sub_(steps).square_(), weights)
    return total * qparams.scale.double().square()


def squared_tangent(
    groups: Tensor, qparams: QParams, format: Format, counts: Tensor | None = None
) -> Tensor:
    """Squared tangent of the angle between each group and what it is quantised to.

    Same arguments and shape as `squared_error`. Infinite where everything rounds to zero.
    """
    zeros = groups.new_zeros(3, groups.shape[0], dtype=torch.float64)
    product, group, rounded = zeros
    for steps, levels, weights in _rounded_tiles(groups, qparams, format, counts):
        product += _sum(steps * levels, weights)
        group += _sum(steps.square(), weights)
        rounded += _sum(levels.square_(), weights)
    tangent = group * rounded / product.square() - 1.0
    return torch.where(product > 0, tangent, torch.inf)


def _sum(values: Tensor, counts: Tensor | None) -> Tensor:
    weighted = values if counts is None else values * counts
    return weighted.sum(dim=1, dtype=torch.float64)


def _rounded_tiles(
    groups: Tensor, qparams: QParams, format: Format, counts: Tensor | None
) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """Values in steps of their scale, rounded, and their counts, a tile at a time."""
    columns = QParams(qparams.scale.unsqueeze(1), qparams.zero_point.unsqueeze(1))
    grid = grid_of(columns, format, groups.dtype)
    for at in range(0, groups.shape[1], TILE):
        steps = groups[:, at : at + TILE] / grid.scale
        weights = None if counts is None else counts[:, at : at + TILE]
        yield steps, grid.nearest(steps), weights
