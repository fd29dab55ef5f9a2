"""Range methods for weights: which interval of a group's values the codes shall cover."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from analysis.quant.criteria import TILE, squared_error, squared_tangent
from analysis.quant.formats import CodebookFormat, Format
from analysis.quant.shrink_search import Range, best_share
from analysis.quant.terms import RangeMethod

TAIL = 1000
"""A percentile range leaves out one value in `TAIL`: the 99.9 % range."""

DRAWN_FROM, SAMPLE, MARGIN = 1 << 18, 1 << 15, 32
"""Groups from this size on are ranked by their extreme part, which a sample of them finds; so many
more of the sample are taken than the share asks for."""

TERNARY_THRESHOLD = 0.7
"""Share of the mean magnitude below which a ternary weight becomes zero (TWN)."""


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
    if groups.shape[1] >= DRAWN_FROM:
        rows = [_extreme_part(row, skipped, largest=largest) for row in groups]
    else:
        rows = [groups]
    found = [row.topk(skipped + 1, dim=-1, largest=largest).values[..., -1:] for row in rows]
    return torch.cat([row.reshape(-1) for row in found]).double()


def _extreme_part(values: Tensor, skipped: int, *, largest: bool) -> Tensor:
    """At least the `skipped` + 1 most extreme values: all beyond a limit that a sample suggests.

    Sorting a part of a large tensor out takes a tenth of ranking all of it.
    """
    sample = values[:: len(values) // SAMPLE]
    share = (skipped + 1) / len(values)
    place = min(int(2 * share * len(sample)) + MARGIN, len(sample))
    limit = sample.topk(place, largest=largest).values[-1]
    beyond = values[values >= limit if largest else values <= limit]
    return beyond if len(beyond) > skipped else values


def mse_range(groups: Tensor, format: Format) -> Range:
    """The share of the min-max range with the least squared error, for each group.

    A search over the shares `SHRINK` (Nagel et al., arXiv 2106.08295, section 3.1, mean squared
    error; Choukroun et al., arXiv 1902.06822). Of equal errors the widest range wins.
    """
    return best_share(groups, format, squared_error)


def mse_gain_range(groups: Tensor, format: Format) -> Range:
    """The share of the min-max range with the least squared error once its gain is corrected.

    With q the quantised group and g = |w|^2 / <q, w>, |g q - w|^2 = |w|^2 tan^2 of the angle
    between q and w: the search is for the least angle. `fake_quantize_weight` applies g.
    """
    return best_share(groups, format, squared_tangent)


def mean_range(groups: Tensor, format: Format) -> Range:
    """Minus to plus the mean magnitude of what does not round to zero.

    For {-1, 1} the mean of all magnitudes (XNOR-Net, arXiv 1603.05279, equation 6); for {-1, 0, 1}
    the mean of those above 0.7 of it (TWN, arXiv 1605.04711, equations 5 and 6).
    """
    low, high = minmax_range(groups, format)
    mean = _mean_size(groups, torch.full_like(low, -1.0))
    if format == CodebookFormat("ternary"):
        mean = _mean_size(groups, TERNARY_THRESHOLD * mean)
    constant = low == high
    return torch.where(constant, low, -mean), torch.where(constant, high, mean)


def _mean_size(groups: Tensor, above: Tensor) -> Tensor:
    """Mean magnitude of what exceeds a limit in each group, float64; 0 where nothing does."""
    total, count = torch.zeros_like(above), torch.zeros_like(above)
    for tile in torch.split(groups, TILE, dim=1):
        sizes = tile.abs().double()
        large = sizes > above[:, None]
        total += sizes.mul_(large).sum(dim=1)
        count += large.sum(dim=1)
    return total / count.clamp_(min=1)


RANGE_METHODS: Mapping[RangeMethod, Callable[[Tensor, Format], Range]] = {
    "minmax": minmax_range,
    "percentile": percentile_range,
    "mse": mse_range,
    "msegain": mse_gain_range,
    "mean": mean_range,
}
