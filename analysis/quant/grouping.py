"""Which weights share a scale: a weight as rows, and rows as groups."""

from dataclasses import dataclass
from math import ceil, prod
from typing import assert_never

import torch
from torch import Tensor

from analysis.quant.spec import Granularity, PerChannel, PerGroup, PerTensor


@dataclass(frozen=True, slots=True)
class Grouping:
    """How a weight of one shape is cut into groups.

    Attributes:
        shape: of the weight, with the output-channel axis moved first.
        axis: where that axis was.
        rows: output channels, or 1 for per-tensor.
        length: weights in a row.
        size: weights in a group; the last group of a row may be shorter.
    """

    shape: tuple[int, ...]
    axis: int
    rows: int
    length: int
    size: int

    @classmethod
    def of(cls, weight: Tensor, granularity: Granularity, channel_axis: int) -> "Grouping":
        """The grouping of a weight (which holds at least one value)."""
        count = weight.numel()
        if weight.ndim == 0:
            return cls((), 0, 1, count, count)
        moved = tuple(weight.movedim(channel_axis, 0).shape)
        channel = prod(moved[1:])
        match granularity:
            case PerTensor():
                return cls(moved, channel_axis, 1, count, count)
            case PerChannel():
                return cls(moved, channel_axis, moved[0], channel, channel)
            case PerGroup(group_size):
                return cls(moved, channel_axis, moved[0], channel, min(group_size, channel))
        assert_never(granularity)

    @property
    def groups(self) -> int:
        """Groups in a row."""
        return ceil(self.length / self.size)

    def cut(self, weight: Tensor) -> Tensor:
        """The weight as (rows, length); a view where the layout allows it."""
        if weight.ndim == 0:
            return weight.reshape(1, 1)
        return weight.movedim(self.axis, 0).reshape(self.rows, self.length)

    def join(self, rows: Tensor) -> Tensor:
        """What `cut` made, in the shape of the weight."""
        if not self.shape:
            return rows.reshape(())
        return rows.reshape(self.shape).movedim(0, self.axis).contiguous()

    def blocks(self, rows: Tensor) -> tuple[Tensor, ...]:
        """The groups as matrices with one group a line: the full ones, then the short ones.

        Short last groups are a matrix of their own, so that no padding can touch a range.
        """
        whole = self.length // self.size
        full = rows[:, : whole * self.size].reshape(self.rows * whole, self.size)
        rest = rows[:, whole * self.size :]
        return (full, rest) if rest.shape[1] else (full,)

    def gather(self, parts: list[Tensor]) -> Tensor:
        """One value a group, given block by block, as (rows, groups)."""
        return torch.cat([part.reshape(self.rows, -1) for part in parts], dim=1)

    def spread(self, per_group: Tensor) -> Tensor:
        """(…, rows, groups) in a form that broadcasts against (rows, length)."""
        if self.groups == 1:
            return per_group
        return per_group.repeat_interleave(self.size, dim=-1)[..., : self.length]
