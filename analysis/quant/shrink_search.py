"""The share of the min-max range that serves each group best, found without trying every one.

Of `SHRINK`, 36 shares, small groups try all. Groups of a thousand values and more try every third
share and then the neighbours of the two best: the error is nearly smooth in the share there. Very
large groups (a whole tensor) are summed up in a fine histogram, on which all shares are tried; the
three best are then tried on the values themselves, where that is cheap. Power-of-two scales know
three values within these shares, whatever the size of a group.
"""

import torch
from torch import Tensor

from analysis.quant.affine import QParams
from analysis.quant.criteria import TILE, Criterion
from analysis.quant.formats import CodebookFormat, FixedPointFormat, FloatFormat, Format
from analysis.quant.scales import range_qparams

SHRINK = tuple(1.0 - 0.02 * step for step in range(36))
"""Shares of the min-max range that are tried, from 1 down to 0.3."""

STRIDE, KEPT = 3, 2
"""Every so many shares are tried first, and the neighbours of so many of the best."""

COARSE_FROM, HISTOGRAM_FROM = 1 << 10, 1 << 18
"""Values in a group from which on the share is searched in two steps, and on a histogram."""

BINS, CHUNK = 1 << 14, 1 << 22
"""Bins of that histogram, and values that it takes in at once: float32 counts stay exact."""

SMALL = 2.0**-60

CONFIRMED = 3

LINES = 1 << 12
"""Groups searched at once: bounds the table of all shares of all groups."""

Range = tuple[Tensor, Tensor]
"""Lowest and highest value of each group, float64 of shape (groups,)."""


def best_share(groups: Tensor, format: Format, criterion: Criterion) -> Range:
    """The share of each group's min-max range with the least criterion; of equal ones the widest.

    Args:
        groups: (groups, size), one group a line.
        format: number format.
        criterion: what to make least.
    """
    lines = min(max(1, TILE // groups.shape[1]), LINES)
    parts = [_Search(tile, format, criterion).best() for tile in torch.split(groups, lines)]
    return torch.cat([low for low, _ in parts]), torch.cat([high for _, high in parts])


class _Search:
    """Few enough groups to be searched at once."""

    def __init__(self, groups: Tensor, format: Format, criterion: Criterion) -> None:
        self.groups, self.format, self.criterion = groups, format, criterion
        self.low, self.high = groups.amin(dim=1).double(), groups.amax(dim=1).double()
        self.shares = torch.tensor(SHRINK, dtype=torch.float64, device=groups.device)
        shares = self.shares[:, None]
        self.tried = range_qparams(shares * self.low, shares * self.high, format)

    def best(self) -> Range:
        size = self.groups.shape[1]
        if isinstance(self.format, FixedPointFormat):
            place = self._least(self._octaves())
        elif size >= HISTOGRAM_FROM:
            place = self._by_histogram()
        elif size >= COARSE_FROM:
            place = self._by_steps()
        else:
            place = self._least(self._all(range(len(SHRINK))))
        share = self.shares[place]
        return self.low * share, self.high * share

    def _all(self, places: range) -> Tensor:
        """The same places of shares for all groups, (places, groups)."""
        chosen = torch.tensor(places, device=self.groups.device)
        return chosen[:, None].expand(-1, len(self.groups))

    def _errors(self, places: Tensor) -> Tensor:
        """Criterion of each group at each of its places, (places, groups)."""
        scales = self.tried.scale.gather(0, places)
        zeros = self.tried.zero_point.gather(0, places)
        pairs = zip(scales, zeros, strict=True)
        return torch.stack(
            [self.criterion(self.groups, QParams(*pair), self.format, None) for pair in pairs]
        )

    def _least(self, places: Tensor) -> Tensor:
        """The place of the least error of each group; the first of equal ones."""
        return _first_least(places, self._errors(places))

    def _octaves(self) -> Tensor:
        """The widest share of each power-of-two scale: 1 to 0.3 holds three at most."""
        scales = self.tried.scale
        wider = [(scales > scales[0] * 2.0**-octave).sum(dim=0) for octave in range(3)]
        return torch.stack(wider).clamp_(max=len(SHRINK) - 1)

    def _by_steps(self) -> Tensor:
        last = len(SHRINK) - 1
        coarse = self._all(range(0, last + 1, STRIDE))
        errors = self._errors(coarse)
        best = coarse.gather(0, errors.argsort(dim=0, stable=True)[:KEPT])
        near = [step for step in range(1 - STRIDE, STRIDE) if step]
        fine = torch.cat([best + step for step in near]).clamp_(0, last)
        places, known = torch.cat([coarse, fine]), torch.cat([errors, self._errors(fine)])
        places, order = places.sort(dim=0, stable=True)
        return _first_least(places, known.gather(0, order))

    def _by_histogram(self) -> Tensor:
        """As many lines as groups: the histogram of each, and the best shares on it."""
        return torch.cat([self._one_by_histogram(row) for row in range(len(self.groups))])

    def _one_by_histogram(self, row: int) -> Tensor:
        values = self.groups[row]
        if self.low[row] == self.high[row]:
            return torch.zeros(1, dtype=torch.int64, device=values.device)
        points, counts = _summary(values, self.low[row].item(), self.high[row].item())
        tried = zip(self.tried.scale[:, row], self.tried.zero_point[:, row], strict=True)
        errors = torch.cat(
            [
                self.criterion(points, QParams(scale[None], zero[None]), self.format, counts)
                for scale, zero in tried
            ]
        )
        if isinstance(self.format, FloatFormat | CodebookFormat):
            return errors.argmin(0, keepdim=True)  # rounding to levels costs ten times as much
        finalists = errors.argsort(stable=True)[:CONFIRMED].sort().values
        own = _Search(values[None], self.format, self.criterion)
        return own._least(finalists[:, None])


def _first_least(places: Tensor, errors: Tensor) -> Tensor:
    """The place with the least error in each column; the first of equal ones."""
    return places.gather(0, errors.argmin(dim=0, keepdim=True))[0]


def _summary(values: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
    """One value for each bin of a fine histogram, and how many it stands for, both (1, bins).

    The value lies anywhere in its bin, by the golden ratio, so that bins and the steps of a grid
    never beat together.
    """
    largest = max(-low, high)
    # float32 holds neither the span of huge values nor the bins of subnormal ones
    unit = 1.0 if SMALL < largest < 1.0 / SMALL else largest
    counts = torch.zeros(BINS, dtype=torch.float64, device=values.device)
    for part in torch.split(values, CHUNK):
        scaled = part.float() if unit == 1.0 else (part.double() / unit).float()
        counts += torch.histc(scaled, BINS, low / unit, high / unit)
    bins = torch.arange(BINS, dtype=torch.float64, device=values.device)
    inside = (bins * (5**0.5 - 1) / 2).frac()
    points = low + (high - low) / BINS * (bins + inside)
    return points.to(values.dtype)[None], counts[None]
