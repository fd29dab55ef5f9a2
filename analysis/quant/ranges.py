"""Range methods for weights: which interval of a group's values the codes shall cover."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from analysis.quant.affine import QParams
from analysis.quant.formats import CodebookFormat, Format
from analysis.quant.scales import grid_of, range_qparams
from analysis.quant.terms import RangeMethod

TAIL = 1000
"""A percentile range leaves out one value in `TAIL`: the 99.9 % range."""

SHRINK = tuple(1.0 - 0.02 * step for step in range(36))
"""Shares of the min-max range that the MSE search tries, from 1 down to 0.3."""

TERNARY_THRESHOLD = 0.7
"""Share of the mean magnitude below which a ternary weight becomes zero (TWN)."""

TILE = 1 << 16
"""Values worked on at once: small enough for the processor's cache and for any memory."""

LINES = 1 << 12
"""Groups searched at once: bounds the table of all shares of all groups."""

Range = tuple[Tensor, Tensor]
"""Lowest and highest value of each group, float64 of shape (groups,)."""


def minmax_range(groups: Tensor, format: Format) -> Range:
    """From the smallest to the largest value."""
    return groups.amin(dim=1).double(), groups.amax(dim=1).double()


def percentile_range(groups: Tensor, format: Format) -> Range:
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


def mse_range(groups: Tensor, format: Format) -> Range:
    """The share of the min-max range with the least squared error, for each group.

    A grid search over `SHRINK` (Nagel et al., arXiv 2106.08295, section 3.1, mean squared error;
    Choukroun et al., arXiv 1902.06822). Of equal errors the widest range wins.
    """
    return _searched(groups, format, squared_error)


def mse_gain_range(groups: Tensor, format: Format) -> Range:
    """The share of the min-max range with the least squared error once its gain is corrected.

    With q the quantised group and g = |w|^2 / <q, w>, |g q - w|^2 = |w|^2 tan^2 of the angle
    between q and w: the search is for the least angle. `fake_quantize_weight` applies g.
    """
    return _searched(groups, format, squared_tangent)


def mean_range(groups: Tensor, format: Format) -> Range:
    """Minus to plus the mean magnitude of what does not round to zero.

    For {-1, 1} the mean of all magnitudes (XNOR-Net, arXiv 1603.05279, equation 6); for {-1, 0, 1}
    the mean of those above 0.7 of it (TWN, arXiv 1605.04711, equations 5 and 6).
    """
    sizes = groups.double().abs_()
    low, high = minmax_range(groups, format)
    mean = sizes.mean(dim=1)
    if format == CodebookFormat("ternary"):
        large = sizes > TERNARY_THRESHOLD * mean[:, None]
        mean = (sizes * large).sum(dim=1) / large.sum(dim=1).clamp_(min=1)
    constant = low == high
    return torch.where(constant, low, -mean), torch.where(constant, high, mean)


Criterion = Callable[[Tensor, QParams, Format], Tensor]


def _searched(groups: Tensor, format: Format, criterion: Criterion) -> Range:
    lines = min(max(1, TILE // groups.shape[1]), LINES)
    found = [_least(tile, format, criterion) for tile in torch.split(groups, lines)]
    return torch.cat([low for low, _ in found]), torch.cat([high for _, high in found])


def _least(groups: Tensor, format: Format, criterion: Criterion) -> Range:
    low, high = minmax_range(groups, format)
    shares = torch.tensor(SHRINK, dtype=torch.float64, device=groups.device)
    tried = range_qparams(shares[:, None] * low, shares[:, None] * high, format)
    errors = [
        criterion(groups, QParams(scale, zero_point), format)
        for scale, zero_point in zip(tried.scale, tried.zero_point, strict=True)
    ]
    share = shares[torch.stack(errors).argmin(dim=0)]
    return low * share, high * share


def squared_error(groups: Tensor, qparams: QParams, format: Format) -> Tensor:
    """Sum of the squared rounding and clipping errors of each group.

    Args:
        groups: (groups, size), one group a line.
        qparams: of shape (groups,).
        format: number format.

    Returns:
        float64 of shape (groups,). The error is summed in steps of the scale, so that huge and
        subnormal weights neither overflow nor vanish.
    """
    total = groups.new_zeros(groups.shape[0], dtype=torch.float64)
    for steps, levels in _rounded_tiles(groups, qparams, format):
        total += levels.sub_(steps).square_().sum(dim=1, dtype=torch.float64)
    return total * qparams.scale.double().square()


def squared_tangent(groups: Tensor, qparams: QParams, format: Format) -> Tensor:
    """Squared tangent of the angle between each group and what it is quantised to.

    Same arguments and shape as `squared_error`. Infinite where everything rounds to zero.
    """
    zeros = groups.new_zeros(3, groups.shape[0], dtype=torch.float64)
    product, group, rounded = zeros
    for steps, levels in _rounded_tiles(groups, qparams, format):
        product += (steps * levels).sum(dim=1, dtype=torch.float64)
        group += steps.square().sum(dim=1, dtype=torch.float64)
        rounded += levels.square_().sum(dim=1, dtype=torch.float64)
    tangent = group * rounded / product.square() - 1.0
    return torch.where(product > 0, tangent, torch.inf)


def _rounded_tiles(
    groups: Tensor, qparams: QParams, format: Format
) -> Iterator[tuple[Tensor, Tensor]]:
    """Values in steps of their scale, and rounded, a tile at a time."""
    columns = QParams(qparams.scale.unsqueeze(1), qparams.zero_point.unsqueeze(1))
    grid = grid_of(columns, format, groups.dtype)
    for tile in torch.split(groups, TILE, dim=1):
        steps = tile / grid.scale
        yield steps, grid.nearest(steps)


RANGE_METHODS: Mapping[RangeMethod, Callable[[Tensor, Format], Range]] = {
    "minmax": minmax_range,
    "percentile": percentile_range,
    "mse": mse_range,
    "msegain": mse_gain_range,
    "mean": mean_range,
}
