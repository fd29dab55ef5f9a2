"""One weight quantised by several specs at once.

Of a small weight nearly all of the time goes into calling torch, some thirty times a spec. Integer
grids over min-max ranges differ by a few numbers only, so they are made side by side: the ranges
once, and each step once for all specs. The values are those of `fake_quantize_weight`, bit by bit.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import torch
from torch import Tensor

from analysis.quant.affine import CodeRanges, Grid, QParams, affine_qparams
from analysis.quant.formats import IntFormat
from analysis.quant.grouping import Grouping
from analysis.quant.qparams import checked_weight, clipped, group_ranges
from analysis.quant.spec import QuantSpec

VALUES = 1 << 18
"""Made at once: 1 MiB of them stays in the cache of a core."""


def batches(specs: Iterable[QuantSpec], size: int) -> Iterator[tuple[QuantSpec, ...]]:
    """Those of the specs that can be made side by side, as many at a time as is worth it.

    Args:
        specs: of one weight.
        size: numbers in it.
    """
    alike: dict[object, list[QuantSpec]] = defaultdict(list)
    for spec in specs:
        if _plain(spec):
            alike[spec.format.symmetric, spec.granularity].append(spec)
    most = VALUES // size
    for group in alike.values() if most > 1 else ():
        for start in range(0, len(group), most):
            yield tuple(group[start : start + most])


def _plain(spec: QuantSpec) -> bool:
    """Whether a spec is an integer grid over a min-max range, rounded to nearest."""
    return (
        isinstance(spec.format, IntFormat)
        and (spec.range_method, spec.rounding) == ("minmax", "nearest")
        and not spec.gain_correction
    )


def fake_quantize_together(
    weight: Tensor, specs: Sequence[QuantSpec], channel_axis: int
) -> tuple[Tensor, ...]:
    """What `fake_quantize_weight` makes of the weight with each spec of one of the `batches`.

    Raises:
        ModelError: the weight is empty, NaN or infinite.
    """
    values = checked_weight(weight)
    grouping = Grouping.of(values, specs[0].granularity, channel_axis)
    rows = grouping.cut(values)
    clips = torch.tensor([spec.clip for spec in specs], dtype=torch.float64).reshape(-1, 1, 1)
    low, high = clipped(*group_ranges(rows, grouping, specs[0]), clips)
    codes = CodeRanges.of([s.format for s in specs if isinstance(s.format, IntFormat)])
    found = affine_qparams(low, high, codes, largest=torch.finfo(weight.dtype).max)
    spread = QParams(grouping.spread(found.scale), grouping.spread(found.zero_point))
    grid = Grid.of(spread, codes, values.dtype)
    made = grid.nearest(rows / grid.scale).mul_(grid.scale)
    return tuple(grouping.join(each).to(weight.dtype) for each in made)
